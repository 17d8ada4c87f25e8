/** How a picture is cut and how many tiles are worked on at a time, where nobody said. */
import { tileDefaults } from "../deblur-image-options.ts";
import type { FileOptions } from "../options.ts";

/** Options whose lengths are decided. */
export interface Settled extends FileOptions {
  readonly tile: number;
  readonly inFlight: number;
}

/** The options with the usual lengths where they say none. */
export function withUsualTiling(options: FileOptions): Settled {
  const { tile = tileDefaults.tile, inFlight = tileDefaults.inFlight } = options;
  return { ...options, tile, inFlight };
}
