/** Restores a tile at a reduced size, and adds what that changes to the tile at full size. */
import { map, mergeMap, type OperatorFunction, of } from "rxjs";
import { freeBuffers } from "../../free-buffers.ts";
import { enlargePlanes } from "../../image/scale/enlarge.ts";
import { limitResidual } from "../../image/scale/limit-residual.ts";
import { reducePlanes } from "../../image/scale/reduce.ts";
import type { DecodedTile, RestoredTile } from "./tile.ts";

/**
 * Run `stages` on the tile reduced by averaging boxes of `scale` × `scale` pixels. The residual is enlarged by a Lanczos
 * filter and limited to 0..1 with the tile's own pixels.
 *
 * DecodedTile, its sides multiples of `scale` → RestoredTile at full size.
 *
 * **Warning**: at half size the net needs the same halo in its own pixels, which is twice as many of the image.
 *
 *     atScale(2, exclusive(engine.lane, pipe(estimateKernels(…), decodeFlow(…), deconvolve(…), deblur(…))))
 *
 * @throws the errors of the stages.
 */
export function atScale(
  scale: number,
  stages: OperatorFunction<DecodedTile, RestoredTile>,
): OperatorFunction<DecodedTile, RestoredTile> {
  if (scale === 1) return stages;
  return mergeMap((decoded) => {
    const { pixels, width, height } = decoded;
    const { residual: small, ...size } = reducePlanes({ residual: pixels, width, height }, scale);
    return of({ ...decoded, ...size, pixels: small }).pipe(
      stages,
      map((restored) => {
        const { residual } = enlargePlanes(restored, scale);
        limitResidual(residual, pixels);
        freeBuffers(pixels);
        return { ...restored, residual, width, height };
      }),
    );
  });
}
