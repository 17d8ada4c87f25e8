/** Deconvolves a tile with its kernels (windowed Wiener filters), for nets that restore with the result. */
import { map, mergeMap, type OperatorFunction } from "rxjs";
import type { Engine } from "../../model/engine.ts";
import { hold } from "./hold.ts";
import { type StageOptions, stage } from "./stage.ts";
import type { DeconvolvedTile, KernelTile } from "./tile.ts";

/**
 * Compute the change that deconvolving makes to the tile. For a net that does not deconvolve, `change` has no
 * channels and the stage costs nothing.
 *
 * KernelTile, whose `sigma` is released → DeconvolvedTile, which owns `image`, `kernels` and `change` [1, 3, h, w].
 *
 * **Warning**: the change is not an image to show: it rings at edges, which the restorer removes.
 *
 *     of(kernelTile).pipe(deconvolve(engine, { timeout: 60 }))
 *
 * @throws TileError at stage deconvolve; no tensor of the tile stays on the engine.
 */
export function deconvolve(
  engine: Engine,
  { timeout }: StageOptions,
): OperatorFunction<KernelTile, DeconvolvedTile> {
  return mergeMap(({ tile, source, image, kernels, sigma }) =>
    stage("deconvolve", tile, () => engine.deconvolve(image, kernels, sigma), {
      timeout,
      discard: (change) => engine.release(change),
    }).pipe(
      hold(engine, { consumes: [sigma], passes: [image, kernels] }),
      map((change) => ({ tile, source, image, kernels, change })),
    ),
  );
}
