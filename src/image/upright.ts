/**
 * Turns sizes, rectangles, samples and images from the orientation a file stores to the one a viewer shows, by Exif
 * orientation 1..8. Runs process pixels as stored; reports and drawings of kernels are shown upright.
 */

import type { Rect } from "../rect.ts";
import type { ImageSource } from "./raster.ts";
import { createSamples, type Samples } from "./samples.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** How stored rows and columns become seen ones: first they change places, then their order is turned round. */
interface Turn {
  readonly swaps: boolean;
  /** Seen columns and rows run against the stored axis they come from. */
  readonly mirrorsX: boolean;
  readonly mirrorsY: boolean;
}

function turnOf(orientation = 1): Turn {
  return {
    swaps: orientation >= 5,
    mirrorsX: [2, 3, 6, 7].includes(orientation),
    mirrorsY: [3, 4, 7, 8].includes(orientation),
  };
}

/** The size as it is seen. */
export function uprightSize({ width, height }: Size, orientation: number | undefined): Size {
  return turnOf(orientation).swaps ? { width: height, height: width } : { width, height };
}

/** The orientation that turns an image as it is seen back to how it is stored. */
export function inverseOrientation(orientation: number | undefined): number | undefined {
  if (orientation === 6) return 8;
  return orientation === 8 ? 6 : orientation;
}

/** A rectangle of the stored image of `size`, in the image as it is seen. */
export function uprightRect(rect: Rect, size: Size, orientation: number | undefined): Rect {
  const { swaps, mirrorsX, mirrorsY } = turnOf(orientation);
  const { x, y, width, height } = swaps
    ? { x: rect.y, y: rect.x, width: rect.height, height: rect.width }
    : rect;
  const seen = uprightSize(size, orientation);
  return {
    x: mirrorsX ? seen.width - x - width : x,
    y: mirrorsY ? seen.height - y - height : y,
    width,
    height,
  };
}

/** Samples [height, width, channels] as they are seen; the same where nothing turns. */
export function uprightSamples<T extends Samples>(
  samples: T,
  { width, height }: Size,
  orientation: number | undefined,
): T {
  const { swaps, mirrorsX, mirrorsY } = turnOf(orientation);
  if (!swaps && !mirrorsX && !mirrorsY) return samples;
  const channels = samples.length / (width * height);
  const seen = uprightSize({ width, height }, orientation);
  const turned = samples.slice() as T;
  for (let at = 0, v = 0; v < seen.height; v++) {
    for (let u = 0; u < seen.width; u++) {
      const [i, j] = [mirrorsX ? seen.width - 1 - u : u, mirrorsY ? seen.height - 1 - v : v];
      const from = channels * (swaps ? i * width + j : j * width + i);
      for (let channel = 0; channel < channels; channel++) {
        turned[at++] = samples[from + channel] as number;
      }
    }
  }
  return turned;
}

/** The image as it is seen. */
export function uprightSource(source: ImageSource, orientation: number | undefined): ImageSource {
  const { swaps, mirrorsX, mirrorsY } = turnOf(orientation);
  if (!swaps && !mirrorsX && !mirrorsY) return source;
  const seen = uprightSize(source, orientation);
  return {
    ...source,
    ...seen,
    async read(rect, options) {
      const u = mirrorsX ? seen.width - rect.x - rect.width : rect.x;
      const v = mirrorsY ? seen.height - rect.y - rect.height : rect.y;
      const { width, height } = rect;
      const stored = swaps
        ? { x: v, y: u, width: height, height: width }
        : { x: u, y: v, width, height };
      const raster = await source.read(stored, options);
      const samples = createSamples(source.sampleType, raster.samples.length);
      samples.set(raster.samples as ArrayLike<number>);
      return { ...raster, width, height, samples: uprightSamples(samples, stored, orientation) };
    },
  };
}
