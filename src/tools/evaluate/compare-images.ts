/** Measures how close two images are, in bands of rows on the pool, so that any size fits. */
import { lastValueFrom, map, reduce } from "rxjs";
import { plainRadiometry, type Radiometry } from "../../image/radiometry.ts";
import type { ImageSource } from "../../image/raster.ts";
import type { Pool } from "../../io/pool/pool.ts";
import { windowReach } from "../../model/measures/metrics.ts";
import { type LaplacianSums, varianceOf } from "../../model/measures/sharpness.ts";
import { admit } from "../../operators/flow/admit.ts";
import { untilAborted } from "../../operators/flow/until-aborted.ts";
import {
  type Compared,
  compareBandIn,
  laplacianBandIn,
  type Part,
  type WeightedSum,
} from "./evaluation-tasks.ts";

/** How close an image is to another. */
export interface Likeness {
  /** dB; ∞ for equal images. */
  readonly psnr: number;
  /** undefined: a side is under 11 pixels. */
  readonly ssim: number | undefined;
  /** The variant BasicSR and NAFNet report for GoPro and HIDE; undefined: the images were aligned. */
  readonly ssim3d: number | undefined;
}

export interface MeasuringOptions {
  readonly pool: Pool;
  /** Bands measured at the same time. */
  readonly threads: number;
  readonly signal: AbortSignal;
}

/**
 * PSNR and SSIM of the colours of two images of one size, as images of 8 bits ("levels") or without rounding
 * ("exact").
 * @throws what reading throws; the signal's reason
 */
export async function compareImages(
  a: ImageSource,
  b: ImageSource,
  as: "levels" | "exact",
  options: MeasuringOptions,
): Promise<Likeness> {
  const { pool, threads, signal } = options;
  const compareBand = compareBandIn(pool);
  const compared = admit(bandsOf(a), threads, async (band) => {
    const [x, y] = [await partOf(a, band, signal), await partOf(b, band, signal)];
    return compareBand({ a: x, b: y, rows: band.rows, as });
  });
  // The order of the bands changes the last digit of a sum at most.
  const total = await lastValueFrom(compared.pipe(untilAborted(signal), reduce(added)));
  return {
    psnr: 10 * Math.log10(total.samples / total.squares),
    ssim: total.ssim.weight === 0 ? undefined : meanOf(total.ssim),
    ssim3d: meanOf(total.ssim3d),
  };
}

/** The variance of the Laplacian of the image in 8 bits (see `laplacianSums`). @throws as `compareImages` */
export async function sharpnessOf(
  picture: ImageSource,
  { pool, threads, signal }: MeasuringOptions,
): Promise<number> {
  const laplacianBand = laplacianBandIn(pool);
  const bands = admit(bandsOf(picture), threads, async (band) => {
    const part = await partOf(picture, band, signal);
    return laplacianBand({ part, rows: band.rows });
  });
  const total = bands.pipe(
    untilAborted(signal),
    reduce((a: LaplacianSums, b: LaplacianSums) => ({
      count: a.count + b.count,
      sum: a.sum + b.sum,
      squares: a.squares + b.squares,
    })),
    map(varianceOf),
  );
  return lastValueFrom(total);
}

/** Rows of an image, with the rows that a window around them reaches. */
interface Band {
  readonly top: number;
  readonly height: number;
  /** The rows that count, relative to `top`. */
  readonly rows: { readonly start: number; readonly end: number };
}

/** Pixels measured at a time; SSIM holds some 300 bytes for each. */
const bandPixels = 2 ** 17;
const leastRows = 16;

/** Bands of about equal height: the last one is high enough for a window. */
function* bandsOf({ width, height }: ImageSource): Generator<Band> {
  const count = Math.ceil(height / Math.max(leastRows, Math.floor(bandPixels / width)));
  for (let i = 0; i < count; i++) {
    const start = Math.floor((i * height) / count);
    const end = Math.floor(((i + 1) * height) / count);
    const top = Math.max(0, start - windowReach);
    const bottom = Math.min(height, end + windowReach);
    yield { top, height: bottom - top, rows: { start: start - top, end: end - top } };
  }
}

async function partOf(from: ImageSource, band: Band, signal: AbortSignal): Promise<Part> {
  const rect = { x: 0, y: band.top, width: from.width, height: band.height };
  return { raster: await from.read(rect, { signal }), radiometry: fullRadiometry(from) };
}

/** A source's colours over the full range of its sample type, whatever range the net sees. */
export function fullRadiometry({ radiometry, channels, sampleType }: ImageSource): Radiometry {
  const plain = plainRadiometry(channels, sampleType);
  return { colours: radiometry?.colours ?? plain.colours, range: plain.range };
}

function added(a: Compared, b: Compared): Compared {
  const sums = (x: WeightedSum, y: WeightedSum): WeightedSum => ({
    sum: x.sum + y.sum,
    weight: x.weight + y.weight,
  });
  return {
    samples: a.samples + b.samples,
    squares: a.squares + b.squares,
    ssim: sums(a.ssim, b.ssim),
    ssim3d: sums(a.ssim3d, b.ssim3d),
  };
}

function meanOf({ sum, weight }: WeightedSum): number {
  return sum / weight;
}
