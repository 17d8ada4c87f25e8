/** How a picture is cut and how many tiles are worked on at a time, where nobody said. */
import type { Engine } from "../../model/engine.ts";
import { tileDefaults } from "../deblur-image-options.ts";
import type { FileOptions } from "../options/file-options.ts";

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
