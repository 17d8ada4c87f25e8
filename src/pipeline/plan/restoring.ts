/** Passes the options of a file to the restoration of its tiles; runs of every kind take them from here. */
import { convertIn } from "../../io/sources/convert-tile.ts";
import type { DeblurImageOptions } from "../deblur-image-options.ts";
import type { Runtime } from "../engines/runtime.ts";
import type { Settled } from "./plan-memory.ts";

/** What `restoringOf` leaves to its callers: the tiles, and what belongs to one run. */
type OfTheRun =
  | "grid"
  | "tile"
  | "halo"
  | "feather"
  | "scale"
  | "residualLimit"
  | "mask"
  | "region"
  | "sample"
  | "skipFlat"
  | "signal";

/**
 * The options of `deblurImage` that a caller of the package may choose. A new one must be added here, or this does not
 * compile; where it changes the result of a tile, `StorePlan` needs it, too.
 */
export function restoringOf(
  { inFlight, timeout, onTileError, skipSharp, strength }: Settled,
  { pool }: Pick<Runtime, "pool">,
): Required<Omit<DeblurImageOptions, OfTheRun>> {
  return { convert: convertIn(pool), inFlight, timeout, onTileError, skipSharp, strength };
}
