/**
 * Reports kernels or their uncertainty at chosen points while tiles are restored. Only these values leave the
 * device.
 */
import { identity, type MonoTypeOperatorFunction, map, mergeMap } from "rxjs";
import type { PointGrid } from "../../image/point-grid.ts";
import type { DeviceTensor, Engine } from "../../model/engine.ts";
import type { Rect } from "../../rect.ts";
import { hold } from "../stages/hold.ts";
import { type ScaledStageOptions, stage } from "../stages/stage.ts";
import type { CodedTile, KernelTile, Tile } from "../stages/tile.ts";

/** The points to sample, and the callback that receives the samples. */
export interface Sampling {
  readonly points: PointGrid;
  /** Called once for each tile that owns points, in the order of the tiles. An error it throws fails the tile. */
  readonly onSample: (sample: Sample) => void;
}

/** The predictions at a tile's points, taken from the cells that contain them. */
export interface Sample {
  readonly tile: Tile;
  /** Columns and rows of the point grid inside the tile's core; over all tiles each point comes once. */
  readonly points: Rect;
  readonly channels: number;
  /** [points.height, points.width, channels] */
  readonly values: Float32Array<ArrayBuffer>;
}

/**
 * Report the decoded kernels at chosen points.
 *
 * KernelTile → the same. Samples have k² channels: a kernel [k, k], rows down and columns right. Kernels are as
 * decoded: not clamped, and their sum is not exactly 1. blurry(p) = Σ_d K(d)·sharp(p + d), with d = 0 at the
 * kernel's centre (the paper's ⊗, eq. 4, a cross-correlation). A kernel therefore shows the path of the camera's
 * view over the scene during the exposure; rotated by 180° it is the trace of a point of light (PSF). At a scale above
 * 1 they count pixels of the reduced tile.
 *
 * **Warning**: a tile that fails earlier has no sample; under "copy" its points stay unseen.
 *
 *     of(kernelTile).pipe(sampleKernels(engine, [{ points, onSample }], { timeout: 60 }))
 *
 * @throws TileError at stage decode-flow; no tensor of the tile stays on the engine.
 */
export function sampleKernels(
  engine: Engine,
  samplings: readonly Sampling[],
  options: ScaledStageOptions,
): MonoTypeOperatorFunction<KernelTile> {
  return sampleField(engine, samplings, options, "decode-flow", ({ image, kernels, sigma }) => ({
    field: kernels,
    owned: [image, kernels, sigma],
  }));
}

/**
 * Report the uncertainty of the kernels' codes at chosen points.
 *
 * CodedTile → the same. Samples have one channel: σ in (0, 1), 0 is certain (paper eq. 5, 6).
 *
 * **Warning**: as `sampleKernels`.
 *
 *     of(coded).pipe(sampleSigma(engine, [{ points, onSample }], { timeout: 60 }))
 *
 * @throws TileError at stage estimate-kernels; no tensor of the tile stays on the engine.
 */
export function sampleSigma(
  engine: Engine,
  samplings: readonly Sampling[],
  options: ScaledStageOptions,
): MonoTypeOperatorFunction<CodedTile> {
  return sampleField(engine, samplings, options, "estimate-kernels", ({ image, code, sigma }) => ({
    field: sigma,
    owned: [image, code, sigma],
  }));
}

type OnDevice = { readonly tile: Tile; readonly image: DeviceTensor };

/** `reach` returns the tensor to sample and all tensors the message owns. */
function sampleField<T extends OnDevice>(
  engine: Engine,
  samplings: readonly Sampling[],
  { timeout, scale = 1 }: ScaledStageOptions,
  name: "estimate-kernels" | "decode-flow",
  reach: (message: T) => { readonly field: DeviceTensor; readonly owned: readonly DeviceTensor[] },
): MonoTypeOperatorFunction<T> {
  if (samplings.length === 0) return identity;
  return mergeMap((message) => {
    const { tile, image } = message;
    const { field, owned } = reach(message);
    const sample = async (signal: AbortSignal): Promise<void> => {
      for (const { points, onSample } of samplings) {
        const mine = points.within(tile.core);
        if (mine.width === 0 || mine.height === 0) continue;
        const values = await engine.sample(
          field,
          cellsOf(mine, points, tile, strideOf(image, field) * scale, field),
        );
        signal.throwIfAborted();
        onSample({ tile, points: mine, channels: field.shape[1], values });
      }
    };
    return stage(name, tile, sample, { timeout }).pipe(
      hold(engine, { passes: owned }),
      map(() => message),
    );
  });
}

/** For each point, row by row, the cell of the tile's field that contains it. */
function cellsOf(
  { x, y, width, height }: Rect,
  points: PointGrid,
  { read }: Tile,
  stride: number,
  field: DeviceTensor,
): number[] {
  const [, , , columns] = field.shape;
  const cell = (pixel: number): number => Math.floor(pixel / stride);
  return Array.from({ length: width * height }, (_, i) => {
    const [column, row] = [x + (i % width), y + Math.floor(i / width)];
    return cell(points.y(row) - read.y) * columns + cell(points.x(column) - read.x);
  });
}

/** Pixels of the image on the device per side of a cell. */
function strideOf(image: DeviceTensor, field: DeviceTensor): number {
  return image.shape[2] / field.shape[2];
}
