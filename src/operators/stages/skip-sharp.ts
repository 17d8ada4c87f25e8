/** Skips the restorer for a tile whose kernels show no blur. */
import { mergeMap, type OperatorFunction, of } from "rxjs";
import { blurRadius } from "../../model/blur/blur-radius.ts";
import type { DeviceTensor, Engine, KernelField } from "../../model/engine.ts";
import { hold } from "./hold.ts";
import { type ScaledStageOptions, stage } from "./stage.ts";
import type { KernelTile, RestoredTile } from "./tile.ts";

/** Pixels of the image; a kernel with a smaller blur radius counts as sharp. Even motion over 1.7 pixels has this radius. */
const sharpRadius = 0.5;

/** Kernels are sampled once per this many pixels along each axis. */
const pitch = 8;

/**
 * Run `stages` on tiles that are blurred somewhere; a tile whose kernels are all nearly a single tap is emitted
 * with residual 0, marked `sharp`. With `skip` false every tile goes through the stages.
 *
 * KernelTile → RestoredTile; the tensors of a skipped tile are released.
 *
 * **Warning**: it trusts the net's kernels; where they miss blur, the blur stays.
 *
 *     skipSharp(true, engine, deblur(engine, { timeout: 60, residualLimit: 0.25 }), { timeout: 60 })
 *
 * @throws TileError at stage decode-flow, and the errors of the stages; no tensor of the tile stays on the engine.
 */
export function skipSharp(
  skip: boolean,
  engine: Engine,
  stages: OperatorFunction<KernelTile, RestoredTile>,
  { timeout, scale = 1 }: ScaledStageOptions,
): OperatorFunction<KernelTile, RestoredTile> {
  const { kernelField } = engine;
  if (!skip || kernelField === undefined) return stages;
  return mergeMap((message) => {
    const { tile, image, kernels, sigma } = message;
    const inspect = () => areSharp(engine, kernels, kernelField, sharpRadius / scale);
    return stage("decode-flow", tile, inspect, { timeout }).pipe(
      hold(engine, { passes: [image, kernels, sigma] }),
      mergeMap((sharp) => {
        if (!sharp) return of(message).pipe(stages);
        engine.release(image, kernels, sigma);
        return of(unchanged(message));
      }),
    );
  });
}

async function areSharp(
  engine: Engine,
  kernels: DeviceTensor,
  { size, stride }: KernelField,
  radius: number,
): Promise<boolean> {
  const [, channels, rows, columns] = kernels.shape;
  const step = Math.max(1, Math.floor(pitch / stride));
  const cells: number[] = [];
  for (let row = 0; row < rows; row += step) {
    for (let column = 0; column < columns; column += step) cells.push(row * columns + column);
  }
  const values = await engine.sample(kernels, cells);
  return cells.every((_, i) => blurRadius(values, i * channels, size) < radius);
}

function unchanged({ tile, source, image }: KernelTile): RestoredTile {
  const [, , height, width] = image.shape;
  const residual = new Float32Array(3 * width * height);
  const marks = { copied: undefined, flat: false, sharp: true };
  return { tile, source, residual, width, height, ...marks };
}
