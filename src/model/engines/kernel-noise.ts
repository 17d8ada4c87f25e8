/**
 * Computes the noise of a tile's kernels from its position, so that overlapping tiles get the same noise in any
 * order.
 */
import type { Origin } from "../engine.ts";
import { normalNoise } from "../random.ts";

/** The largest seed; the smallest is 0. */
export const largestSeed: number = 2 ** 32 - 1;

export interface KernelNoise {
  readonly seed: number;
  /** Position of the tile's first pixel in the whole image, in pixels. */
  readonly origin: Origin;
  /** Pixels per side of a cell. */
  readonly kernelStride: number;
  /** Shape of the code: [1, k², h/s, w/s]. */
  readonly shape: readonly [number, number, number, number];
}

/**
 * Standard normal noise for every channel of every cell, planar as the code.
 * @throws RangeError if the tile does not begin at a cell's corner
 */
export function kernelNoise({
  seed,
  origin,
  kernelStride,
  shape,
}: KernelNoise): Float32Array<ArrayBuffer> {
  const [x, y] = [origin.x / kernelStride, origin.y / kernelStride];
  if (!Number.isSafeInteger(x) || !Number.isSafeInteger(y) || x < 0 || y < 0) {
    const place = `(${origin.x}, ${origin.y})`;
    throw new RangeError(
      `expected a tile at multiples of ${kernelStride} pixels but found one at ${place}`,
    );
  }
  const [, channels, height, width] = shape;
  return normalNoise({ seed, x, y, width, height, channels });
}
