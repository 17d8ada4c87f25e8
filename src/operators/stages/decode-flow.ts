/** Decodes latent codes into blur kernels with the inverse of the normalizing flow. */
import { map, mergeMap, type OperatorFunction } from "rxjs";
import type { Engine } from "../../model/engine.ts";
import { hold } from "./hold.ts";
import { type ScaledStageOptions, stage } from "./stage.ts";
import type { CodedTile, KernelTile } from "./tile.ts";

/**
 * Mix the code with its uncertainty and invert the flow. With a noise seed, the engine samples the noise for the
 * tile's position.
 *
 * CodedTile, whose `code` is released → KernelTile, which owns `image`, `kernels` [1, k², h/s, w/s] and `sigma`.
 *
 * **Warning**: the field of a 256² tile takes 95 MB at kernel stride 1; run this under `exclusive`.
 *
 *     of(coded).pipe(decodeFlow(engine, { timeout: 60 }))
 *
 * @throws TileError at stage decode-flow; no tensor of the tile stays on the engine.
 */
export function decodeFlow(
  engine: Engine,
  { timeout, scale = 1 }: ScaledStageOptions,
): OperatorFunction<CodedTile, KernelTile> {
  return mergeMap(({ tile, source, image, code, sigma }) => {
    const origin = { x: tile.read.x / scale, y: tile.read.y / scale };
    return stage("decode-flow", tile, () => engine.decodeFlow({ code, sigma }, origin), {
      timeout,
      discard: (kernels) => engine.release(kernels),
    }).pipe(
      hold(engine, { consumes: [code], passes: [image, sigma] }),
      map((kernels) => ({ tile, source, image, kernels, sigma })),
    );
  });
}
