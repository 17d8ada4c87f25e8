/**
 * Estimates between which values the image of a raster lies. Satellites and elevation models fill a small part of
 * their type, and a few pixels are far off. Reads a bounded part of the file, the same each time.
 */

import { invalidPixels } from "../../../../image/invalid-pixels.ts";
import { netView } from "../../../../image/net-view.ts";
import type { Radiometry } from "../../../../image/radiometry.ts";
import type { Raster } from "../../../../image/raster.ts";
import type { Rect } from "../../../../rect.ts";

export type PercentileRange = readonly [low: number, high: number];

/** An image that can be read in rectangles: the whole, or an overview. */
export interface Level {
  readonly width: number;
  readonly height: number;
  readonly bands: number;
  /** Of what is decoded at once. */
  readonly blockWidth: number;
  readonly blockHeight: number;
  read(rect: Rect): Promise<Raster>;
}

/** Samples that are decoded, pixels that are sampled and pixels of one rectangle, about. */
const samplesDecoded = 2 ** 25;
const pixelsSeen = 2 ** 20;
const largestRect = 2 ** 20;
/** Share of samples left out at each end. */
const tail = 0.001;

/**
 * The 0.1st and 99.9th percentile of the colours together, of pixels with a measurement, by linear
 * interpolation. [0, 1] where there is no measurement; where all are one value the range begins there.
 */
export async function percentileRange(
  level: Level,
  radiometry: Radiometry,
  signal: AbortSignal,
): Promise<PercentileRange> {
  const rects = chosenRects(level);
  const share = Math.ceil(pixelsSeen / rects.length);
  const seen: number[] = [];
  for (const rect of rects) {
    signal.throwIfAborted();
    collect(await level.read(rect), radiometry, share, seen);
  }
  const sorted = Float64Array.from(seen).sort();
  return widened(percentile(sorted, tail), percentile(sorted, 1 - tail));
}

/** One rectangle in each of some blocks spread over the image by the golden ratio; of few blocks, in all. */
function chosenRects({ width, height, bands, blockWidth, blockHeight }: Level): readonly Rect[] {
  const across = Math.ceil(width / blockWidth);
  const total = across * Math.ceil(height / blockHeight);
  const affordable = Math.floor(samplesDecoded / (blockWidth * blockHeight * bands));
  const count = Math.min(total, Math.max(1, affordable));
  const golden = (Math.sqrt(5) - 1) / 2;
  const spread = (i: number) => Math.floor((((i + 0.5) * golden) % 1) * total);
  const chosen = Array.from({ length: count }, (_, i) => (count === total ? i : spread(i)));
  return [...new Set(chosen)]
    .sort((a, b) => a - b)
    .map((block) => {
      const [x, y] = [(block % across) * blockWidth, Math.floor(block / across) * blockHeight];
      const inside = Math.min(blockWidth, width - x, largestRect);
      const rows = Math.max(1, Math.floor(largestRect / inside));
      return { x, y, width: inside, height: Math.min(blockHeight, height - y, rows) };
    });
}

/** Adds the colours of about `share` pixels with a measurement. */
function collect(raster: Raster, radiometry: Radiometry, share: number, seen: number[]): void {
  const { colours, alpha } = radiometry;
  const { channels, samples } = alpha?.premultiplied ? netView(raster, radiometry) : raster;
  const invalid = invalidPixels(raster, radiometry);
  const pixels = raster.width * raster.height;
  // Odd, so that rows of even length do not show the same columns all the way down.
  const step = Math.ceil(pixels / share) | 1;
  for (let pixel = 0; pixel < pixels; pixel += step) {
    if (invalid?.[pixel] === 1) continue;
    for (const colour of colours) seen.push(samples[pixel * channels + colour] as number);
  }
}

function percentile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = bounded(sorted[Math.floor(place)] ?? Number.NaN);
  const above = bounded(sorted[Math.ceil(place)] ?? Number.NaN);
  return below + (above - below) * (place - Math.floor(place));
}

/** Within a quarter of the largest number: what is calculated with it stays a number. */
function bounded(value: number): number {
  return Math.min(Number.MAX_VALUE / 4, Math.max(-Number.MAX_VALUE / 4, value));
}

/** A range that can be divided by. */
function widened(low: number, high: number): PercentileRange {
  if (Number.isNaN(low)) return [0, 1];
  return low < high ? [low, high] : [low, low + Math.max(1, Math.abs(low))];
}
