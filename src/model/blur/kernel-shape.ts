/**
 * A motion kernel in, its extent and direction out: those of the straight, even motion that has the same second
 * moments. A path that bends is shorter by this measure than along its way.
 */

export interface KernelShape {
  /** Pixels, 0 for a single tap: √(12·λ₁), λ₁ the larger eigenvalue of the covariance of the taps' places. */
  readonly length: number;
  /** Degrees in [0, 180) from the x axis, anticlockwise as seen (y runs down); NaN where no direction stands out. */
  readonly direction: number;
}

/** A motion under a tenth of a pixel, or as long across as along, has no direction. */
const least = 0.1;

/**
 * The shape of `kernel`, [k, k] row by row, taps below 0 left out. NaN for both where nothing is left.
 */
export function kernelShape(kernel: ArrayLike<number>): KernelShape {
  const side = Math.round(Math.sqrt(kernel.length));
  let [mass, x, y, xx, xy, yy] = [0, 0, 0, 0, 0, 0];
  for (let at = 0; at < kernel.length; at++) {
    const weight = Math.max(0, kernel[at] as number);
    const [column, row] = [at % side, Math.floor(at / side)];
    mass += weight;
    x += weight * column;
    y += weight * row;
    xx += weight * column * column;
    xy += weight * column * row;
    yy += weight * row * row;
  }
  if (!(mass > 0)) return { length: Number.NaN, direction: Number.NaN };
  const [meanX, meanY] = [x / mass, y / mass];
  const [a, b, c] = [xx / mass - meanX ** 2, xy / mass - meanX * meanY, yy / mass - meanY ** 2];
  const spread = Math.hypot((a - c) / 2, b);
  const length = Math.sqrt(Math.max(0, 12 * ((a + c) / 2 + spread)));
  const across = Math.sqrt(Math.max(0, 12 * ((a + c) / 2 - spread)));
  if (length - across < least) return { length, direction: Number.NaN };
  const degrees = (-Math.atan2(2 * b, a - c) * 90) / Math.PI;
  return { length, direction: (degrees + 180) % 180 };
}
