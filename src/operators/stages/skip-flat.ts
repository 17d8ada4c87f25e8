/** Skips the stages for a tile without any structure. */
import { mergeMap, type OperatorFunction, of } from "rxjs";
import type { DecodedTile, RestoredTile } from "./tile.ts";

/**
 * Run `stages` on tiles that have structure; a flat tile is emitted with residual 0, marked `flat`.
 *
 * DecodedTile → RestoredTile.
 *
 * **Warning**: put it outside `exclusive`, or a flat tile waits for a device it does not need.
 *
 *     skipFlat(true, exclusive(engine.lane, pipe(estimateKernels(…), decodeFlow(…), deconvolve(…), deblur(…))))
 *
 * @throws the errors of the stages.
 */
export function skipFlat(
  skip: boolean,
  stages: OperatorFunction<DecodedTile, RestoredTile>,
): OperatorFunction<DecodedTile, RestoredTile> {
  if (!skip) return stages;
  return mergeMap((decoded) => (decoded.flat ? of(unchanged(decoded)) : of(decoded).pipe(stages)));
}

function unchanged({ tile, source, width, height }: DecodedTile): RestoredTile {
  const residual = new Float32Array(3 * width * height);
  return { tile, source, residual, width, height, copied: undefined, flat: true };
}
