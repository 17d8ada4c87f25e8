/**
 * Measures the sharpness of a single image: the variance of its Laplacian (Pech-Pacheco et al. 2000). Detail and
 * noise both raise it, so it compares an image with its own restoration only.
 */

/** Sums over pixels; the sums of an image's parts can be added. */
export interface LaplacianSums {
  readonly count: number;
  readonly sum: number;
  readonly squares: number;
}

/**
 * Sums of the Laplacian (four neighbours minus four times the centre) of the luma (BT.601; one channel as it is).
 * Covers the pixels in rows [start, end) that have all neighbours.
 * @param samples [height, width, channels], 1 or 3 channels
 */
export function laplacianSums(
  samples: ArrayLike<number>,
  size: { readonly width: number; readonly height: number; readonly channels: number },
  { start, end }: { readonly start: number; readonly end: number },
): LaplacianSums {
  const { width, height } = size;
  const bright = brightness(samples, size);
  const [first, last] = [Math.max(1, start), Math.min(height - 1, end)];
  let [count, sum, squares] = [0, 0, 0];
  for (let y = first; y < last; y++) {
    for (let at = y * width + 1; at < (y + 1) * width - 1; at++) {
      const beside = (bright[at - 1] as number) + (bright[at + 1] as number);
      const above = (bright[at - width] as number) + (bright[at + width] as number);
      const value = beside + above - 4 * (bright[at] as number);
      count++;
      sum += value;
      squares += value * value;
    }
  }
  return { count, sum, squares };
}

/** Population variance; NaN for no pixels. */
export function varianceOf({ count, sum, squares }: LaplacianSums): number {
  return squares / count - (sum / count) ** 2;
}

const weights = [0.299, 0.587, 0.114] as const;

function brightness(
  samples: ArrayLike<number>,
  { width, height, channels }: { readonly width: number; height: number; channels: number },
): Float64Array {
  const bright = new Float64Array(width * height);
  for (let pixel = 0; pixel < bright.length; pixel++) {
    const at = pixel * channels;
    bright[pixel] =
      channels === 1
        ? (samples[at] as number)
        : weights.reduce((sum, weight, i) => sum + weight * (samples[at + i] as number), 0);
  }
  return bright;
}
