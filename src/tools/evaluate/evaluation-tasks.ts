/** Measures blocks, tiles and bands of rows of an evaluation in threads of the pool. */
import { quantise } from "../../image/quantise.ts";
import type { Radiometry } from "../../image/radiometry.ts";
import type { Raster } from "../../image/raster.ts";
import { type PoolTask, poolTask } from "../../io/pool/task.ts";
import { alignedLikeness } from "../../model/measures/aligned-likeness.ts";
import { AlignmentError } from "../../model/measures/homography.ts";
import { type MeasuredSize, ssim, ssim3d, windowReach } from "../../model/measures/metrics.ts";
import { richardsonLucy } from "../../model/measures/richardson-lucy.ts";
import { type LaplacianSums, laplacianSums } from "../../model/measures/sharpness.ts";
import type { Rect } from "../../rect.ts";

/** A part of an image and the meaning of its samples. */
export interface Part {
  readonly raster: Raster;
  readonly radiometry: Radiometry;
}

/** Rows of a part that count; the others are context. */
interface Rows {
  readonly start: number;
  readonly end: number;
}

interface DevelopJob extends Part {
  /** The range and colours that the net saw. */
  readonly shown: Radiometry;
  /** [3, height, width] planar, 0..1. */
  readonly residual: Float32Array<ArrayBuffer>;
}

/** Colours alone, interleaved. */
interface Developed {
  /** As `deblur` writes them with 8 bits. */
  readonly levels: Uint8Array<ArrayBuffer>;
  /** The same before rounding, 0..1. */
  readonly exact: Float32Array<ArrayBuffer>;
}

/** A restored block as it is written, and before rounding. */
export function developBlock({ raster, radiometry, shown, residual }: DevelopJob): Developed {
  const written = quantise(raster, residual, shown, "uint8");
  const scale = (shown.range[1] - shown.range[0]) / (radiometry.range[1] - radiometry.range[0]);
  const { colours } = radiometry;
  const exact = unitValues({ raster, radiometry });
  const plane = raster.width * raster.height;
  for (let at = 0; at < exact.length; at++) {
    const [pixel, index] = [Math.floor(at / colours.length), at % colours.length];
    const change = (of: number): number => scale * (residual[of * plane + pixel] as number);
    const grey = colours.length === 1;
    (exact[at] as number) += grey ? (change(0) + change(1) + change(2)) / 3 : change(index);
  }
  const levels = Uint8Array.from(
    { length: plane * colours.length },
    (_, at) => written[sampleAt(at, raster, colours)] as number,
  );
  return { levels, exact };
}

export const developBlockIn: PoolTask<typeof developBlock> = poolTask(
  "developBlock",
  ({ raster, residual }) => [raster.samples.buffer, residual.buffer],
);

interface CompareJob {
  readonly a: Part;
  readonly b: Part;
  readonly rows: Rows;
  /** "levels": as images of 8 bits; "exact": without rounding. */
  readonly as: "levels" | "exact";
}

/** Sums over a band; those of all bands add up to the image's. */
export interface Compared {
  readonly samples: number;
  /** Of differences, where the greatest value is 1. */
  readonly squares: number;
  readonly ssim: WeightedSum;
  readonly ssim3d: WeightedSum;
}

export interface WeightedSum {
  readonly sum: number;
  readonly weight: number;
}

/** Compares the counted rows of two parts of one size. */
export function compareBand({ a, b, rows, as }: CompareJob): Compared {
  const { width, height } = a.raster;
  const channels = a.radiometry.colours.length;
  const peak = as === "levels" ? 255 : 1;
  const [x, y] = as === "levels" ? [levelsOf(a), levelsOf(b)] : [unitValues(a), unitValues(b)];
  const size: MeasuredSize = { width, height, channels, peak, rows };
  let squares = 0;
  const [first, end] = [rows.start * width * channels, rows.end * width * channels];
  for (let at = first; at < end; at++) squares += ((x[at] as number) - (y[at] as number)) ** 2;
  const centred = Math.min(height - windowReach, rows.end) - Math.max(windowReach, rows.start);
  const windows = Math.max(0, centred) * Math.max(0, width - 2 * windowReach);
  return {
    samples: end - first,
    squares: squares / peak ** 2,
    ssim: { weight: windows, sum: windows === 0 ? 0 : windows * ssim(x, y, size) },
    ssim3d: { weight: end - first, sum: (end - first) * ssim3d(x, y, size) },
  };
}

export const compareBandIn: PoolTask<typeof compareBand> = poolTask("compareBand", ({ a, b }) => [
  a.raster.samples.buffer,
  b.raster.samples.buffer,
]);

/** Compares a restored image with its sharp image, both whole, after alignment; or says why they cannot be aligned. */
export function alignImages({
  restored,
  truth,
}: {
  readonly restored: Part;
  readonly truth: Part;
}): { readonly psnr: number; readonly ssim: number } | { readonly problem: string } {
  const planar = (part: Part) => {
    const { width, height } = part.raster;
    const channels = part.radiometry.colours.length;
    return { width, height, channels, values: levelsOf(part).map((level) => level / 255) };
  };
  try {
    const { psnr, ssim } = alignedLikeness(planar(restored), planar(truth));
    return { psnr, ssim };
  } catch (error) {
    // An error of ours would lose its class between threads.
    if (error instanceof AlignmentError) return { problem: error.message };
    throw error;
  }
}

export const alignImagesIn: PoolTask<typeof alignImages> = poolTask("alignImages");

/** The mean squared difference of two parts of one size, without rounding; the greatest value is 1. */
export function meanSquareOf({ a, b }: { readonly a: Part; readonly b: Part }): number {
  const [x, y] = [unitValues(a), unitValues(b)];
  let squares = 0;
  for (let at = 0; at < x.length; at++) squares += ((x[at] as number) - (y[at] as number)) ** 2;
  return squares / x.length;
}

export const meanSquareIn: PoolTask<typeof meanSquareOf> = poolTask("meanSquareOf");

/** Sums of the Laplacian over the counted rows, as an image of 8 bits. */
export function laplacianBand({
  part,
  rows,
}: {
  readonly part: Part;
  readonly rows: Rows;
}): LaplacianSums {
  const { width, height } = part.raster;
  const size = { width, height, channels: part.radiometry.colours.length };
  return laplacianSums(levelsOf(part), size, rows);
}

export const laplacianBandIn: PoolTask<typeof laplacianBand> = poolTask(
  "laplacianBand",
  ({ part }) => [part.raster.samples.buffer],
);

interface BaselineJob extends Part {
  /** [k, k], none negative, sum 1. */
  readonly kernel: Float32Array<ArrayBuffer>;
  /** The rectangle to compute, in the part's coordinates. */
  readonly inner: Rect;
}

/** Restores the inner rectangle without a net: colours alone, in levels of 8 bits. */
export function baselineTile({
  raster,
  radiometry,
  kernel,
  inner,
}: BaselineJob): Uint8Array<ArrayBuffer> {
  const { width, height } = raster;
  const plane = width * height;
  const channels = radiometry.colours.length;
  const unit = unitValues({ raster, radiometry });
  const values = unit.map(
    (_, at) => unit[(at % plane) * channels + Math.floor(at / plane)] as number,
  );
  const restored = richardsonLucy({ width, height, values }, kernel);
  return Uint8Array.from({ length: inner.width * inner.height * channels }, (_, at) => {
    const pixel = Math.floor(at / channels);
    const x = inner.x + (pixel % inner.width);
    const y = inner.y + Math.floor(pixel / inner.width);
    return Math.round(255 * (restored[(at % channels) * plane + y * width + x] as number));
  });
}

export const baselineTileIn: PoolTask<typeof baselineTile> = poolTask(
  "baselineTile",
  ({ raster }) => [raster.samples.buffer],
);

/** Colours alone, interleaved, mapped from their range to 0..1. */
export function unitValues({ raster, radiometry }: Part): Float32Array<ArrayBuffer> {
  const { colours, range } = radiometry;
  const [low, high] = range;
  const { samples, channels } = raster;
  const values = new Float32Array(raster.width * raster.height * colours.length);
  for (let at = 0, pixel = 0; at < values.length; pixel += channels)
    for (const colour of colours)
      values[at++] = ((samples[pixel + colour] as number) - low) / (high - low);
  return values;
}

function levelsOf(part: Part): Float32Array<ArrayBuffer> {
  return unitValues(part).map((value) => Math.round(255 * value));
}

/** The index among all samples of value `at` of the colours alone. */
function sampleAt(at: number, { channels }: Raster, colours: readonly number[]): number {
  const pixel = Math.floor(at / colours.length);
  return pixel * channels + (colours[at % colours.length] as number);
}
