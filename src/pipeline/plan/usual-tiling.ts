/** Completes the lengths of a tiling where the caller gave none and no memory limit decides them. */
import type { Engine } from "../../model/engine.ts";
import type { FileOptions } from "../options/file-options.ts";
import { tileDefaults } from "../options/tile-defaults.ts";

/** Options whose lengths are decided. */
export interface Settled extends FileOptions {
  readonly tile: number;
  readonly inFlight: number;
}

/** The options with the usual lengths where they say none; tiles no larger than `engine`, if it is open, can bind. */
export function withUsualTiling(
  options: FileOptions,
  { largestTile = tileDefaults.tile }: Pick<Engine, "largestTile"> = {},
): Settled {
  const usual = Math.min(tileDefaults.tile, largestTile);
  const { tile = usual, inFlight = tileDefaults.inFlight } = options;
  return { ...options, tile, inFlight };
}
