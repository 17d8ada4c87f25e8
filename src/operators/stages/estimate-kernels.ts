/** Estimates the latent codes of a tile's blur kernels (KE-Net); the first stage on the device. */
import { map, mergeMap, type OperatorFunction } from "rxjs";
import type { Engine } from "../../model/engine.ts";
import { hold } from "./hold.ts";
import { type StageOptions, stage } from "./stage.ts";
import type { CodedTile, DecodedTile } from "./tile.ts";

/**
 * Upload the pixels and predict code and σ for every cell of the kernel field.
 *
 * DecodedTile → CodedTile, which owns `image` [1, 3, h, w], `code` [1, k², h/s, w/s], `sigma` [1, 1, h/s, w/s].
 *
 * **Warning**: the pixels' buffer is transferred to the engine and cannot be read afterwards.
 *
 *     of(decoded).pipe(estimateKernels(engine, { timeout: 60 }))
 *
 * @throws TileError at stage estimate-kernels.
 */
export function estimateKernels(
  engine: Engine,
  { timeout }: StageOptions,
): OperatorFunction<DecodedTile, CodedTile> {
  // mergeMap here and in the next stages: the tensors of a tile queued by concatMap would never be released.
  return mergeMap(({ tile, source, pixels, width, height }) =>
    stage("estimate-kernels", tile, () => engine.upload(pixels, height, width), {
      timeout,
      discard: (image) => engine.release(image),
    }).pipe(
      mergeMap((image) =>
        stage("estimate-kernels", tile, () => engine.estimateKernels(image), {
          timeout,
          discard: ({ code, sigma }) => engine.release(code, sigma),
        }).pipe(
          hold(engine, { passes: [image] }),
          map(({ code, sigma }) => ({ tile, source, image, code, sigma })),
        ),
      ),
    ),
  );
}
