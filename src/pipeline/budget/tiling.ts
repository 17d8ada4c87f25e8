/** How a picture is cut and how many tiles are worked on at a time, where nobody said. */
import type { FileOptions } from "../options.ts";

/** Options whose lengths are decided. */
export interface Settled extends FileOptions {
  readonly tile: number;
  readonly inFlight: number;
}

/** What holds where nothing else speaks against it. */
export const usual = { tile: 512, inFlight: 3 } as const;

/** The options with the usual lengths where they say none. */
export function withUsualTiling(options: FileOptions): Settled {
  const { tile = usual.tile, inFlight = usual.inFlight } = options;
  return { ...options, tile, inFlight };
}
