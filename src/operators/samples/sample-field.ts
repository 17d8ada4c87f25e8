/**
 * In goes a tile with what the net predicts for it on the device, out comes the same tile, and on the side
 * the predictions at chosen points: all that ever leaves the device of kernels and their uncertainty.
 */
import { identity, type MonoTypeOperatorFunction, map, mergeMap } from "rxjs";
import type { PointGrid } from "../../image/point-grid.ts";
import type { DeviceTensor, Engine } from "../../model/engine.ts";
import type { Rect } from "../../rect.ts";
import { hold } from "../stages/hold.ts";
import { type StageOptions, stage } from "../stages/stage.ts";
import type { CodedTile, KernelTile, Tile } from "../stages/tile.ts";

/** Where to look, and who hears what was seen. */
export interface Sampling {
  readonly points: PointGrid;
  /** Once for each tile that owns points, in the order tiles come. What it throws fails the tile. */
  readonly onSample: (sample: Sample) => void;
}

/** A tile's points and what was predicted there, in the cells that hold them. */
export interface Sample {
  readonly tile: Tile;
  /** Columns and rows of the point grid, those in the tile's core; over all tiles each point comes once. */
  readonly points: Rect;
  readonly channels: number;
  /** [points.height, points.width, channels] */
  readonly values: Float32Array<ArrayBuffer>;
}

/**
 * Look at the decoded kernels.
 *
 * KernelTile → the same. Samples have k² channels: a kernel [k, k], rows down and columns right, as decoded: not
 * clamped, nor of sum 1. blurry(p) = Σ_d K(d)·sharp(p + d), where the kernel's centre is d = 0 (the paper's ⊗,
 * eq. 4, a cross-correlation). So a kernel as it stands is the way the camera's view took over the scene while
 * the shutter was open; turned by half a turn, the trace a point of light leaves (PSF).
 *
 * **Warning**: a tile that fails before has no sample; under "copy" its points stay unseen.
 *
 *     of(kernelTile).pipe(sampleKernels(engine, [{ points, onSample }], { timeout: 60 }))
 *
 * @throws TileError at stage decode-flow; nothing of the tile stays on the engine.
 */
export function sampleKernels(
  engine: Engine,
  samplings: readonly Sampling[],
  options: StageOptions,
): MonoTypeOperatorFunction<KernelTile> {
  return sampleField(engine, samplings, options, "decode-flow", ({ image, kernels }) => ({
    field: kernels,
    owned: [image, kernels],
  }));
}

/**
 * Look at the uncertainty of the kernels' codes.
 *
 * CodedTile → the same. Samples have one channel: σ in (0, 1), 0 certain (paper eq. 5, 6).
 *
 * **Warning**: as `sampleKernels`.
 *
 *     of(coded).pipe(sampleSigma(engine, [{ points, onSample }], { timeout: 60 }))
 *
 * @throws TileError at stage estimate-kernels; nothing of the tile stays on the engine.
 */
export function sampleSigma(
  engine: Engine,
  samplings: readonly Sampling[],
  options: StageOptions,
): MonoTypeOperatorFunction<CodedTile> {
  return sampleField(engine, samplings, options, "estimate-kernels", ({ image, code, sigma }) => ({
    field: sigma,
    owned: [image, code, sigma],
  }));
}

type OnDevice = { readonly tile: Tile; readonly image: DeviceTensor };

/** `reach` says which of a message's tensors to look at, and all that go with it. */
function sampleField<T extends OnDevice>(
  engine: Engine,
  samplings: readonly Sampling[],
  { timeout }: StageOptions,
  name: "estimate-kernels" | "decode-flow",
  reach: (message: T) => { readonly field: DeviceTensor; readonly owned: readonly DeviceTensor[] },
): MonoTypeOperatorFunction<T> {
  if (samplings.length === 0) return identity;
  return mergeMap((message) => {
    const { tile, image } = message;
    const { field, owned } = reach(message);
    const look = async (signal: AbortSignal): Promise<void> => {
      for (const { points, onSample } of samplings) {
        const mine = points.within(tile.core);
        if (mine.width === 0 || mine.height === 0) continue;
        const values = await engine.sample(field, cellsOf(mine, points, tile, image, field));
        signal.throwIfAborted();
        onSample({ tile, points: mine, channels: field.shape[1], values });
      }
    };
    return stage(name, tile, look, { timeout }).pipe(
      hold(engine, { passes: owned }),
      map(() => message),
    );
  });
}

/** For each point the cell of the tile's field that holds it, row by row. */
function cellsOf(
  { x, y, width, height }: Rect,
  points: PointGrid,
  { read }: Tile,
  image: DeviceTensor,
  field: DeviceTensor,
): number[] {
  const [, , rows, columns] = field.shape;
  const stride = image.shape[2] / rows;
  const cell = (pixel: number): number => Math.floor(pixel / stride);
  return Array.from({ length: width * height }, (_, i) => {
    const [column, row] = [x + (i % width), y + Math.floor(i / width)];
    return cell(points.y(row) - read.y) * columns + cell(points.x(column) - read.x);
  });
}
