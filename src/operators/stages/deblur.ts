/** Restores a tile on the device with its kernels (NAFNet with kernel attention). */
import { map, mergeMap, type OperatorFunction } from "rxjs";
import type { Engine } from "../../model/engine.ts";
import { guard } from "./guard.ts";
import { hold } from "./hold.ts";
import { type StageOptions, stage } from "./stage.ts";
import type { DeconvolvedTile, RestoredTile } from "./tile.ts";

/**
 * Restore the tile, read the residual and reject it if it is implausible.
 *
 * DeconvolvedTile, whose tensors are released → RestoredTile: residual [3, h, w] planar 0..1, padded size.
 *
 * **Warning**: `residualLimit` is chosen for real images; a net in training exceeds it.
 *
 *     of(deconvolvedTile).pipe(deblur(engine, { timeout: 60, residualLimit: 0.25 }))
 *
 * @throws TileError at stage deblur, also if the guard rejects the residual; no tensor of the tile stays on the
 *   engine.
 */
export function deblur(
  engine: Engine,
  { timeout, residualLimit }: StageOptions & { readonly residualLimit: number },
): OperatorFunction<DeconvolvedTile, RestoredTile> {
  return mergeMap(({ tile, source, image, kernels, change }) => {
    const [, , height, width] = image.shape;
    const restore = async (): Promise<Float32Array<ArrayBuffer>> => {
      const restoration = await engine.restore(image, kernels, change);
      guard(restoration, residualLimit);
      return restoration.residual;
    };
    return stage("deblur", tile, restore, { timeout }).pipe(
      hold(engine, { consumes: [image, kernels, change] }),
      map((residual) => ({
        tile,
        source,
        residual,
        width,
        height,
        copied: undefined,
        flat: false,
      })),
    );
  });
}
