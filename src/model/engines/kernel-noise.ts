/** A tile's place in, the noise of its kernels out: the same wherever tiles overlap, whoever draws first. */
import type { Origin } from "../engine.ts";
import { normalNoise } from "../random.ts";

/** Seeds are 0 to this. */
export const largestSeed: number = 2 ** 32 - 1;

export interface KernelNoise {
  readonly seed: number;
  /** Where the tile begins in the whole image, in pixels. */
  readonly origin: Origin;
  /** Pixels a side of a cell. */
  readonly kernelStride: number;
  /** Of the code: [1, k², h/s, w/s]. */
  readonly shape: readonly [number, number, number, number];
}

/**
 * Standard normal noise for every channel of every cell, planar as the code.
 * @throws RangeError where the tile does not begin with a cell
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
