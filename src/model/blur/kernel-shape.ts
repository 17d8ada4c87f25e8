/**
 * Measures the length and direction of a motion kernel: those of the straight, even motion with the same second
 * moments. A bent path is longer than this measure.
 */

export interface KernelShape {
  /** Pixels, 0 for a single tap: √(12·λ₁), λ₁ the larger eigenvalue of the covariance of the taps' positions. */
  readonly length: number;
  /** Degrees in [0, 180) from the x axis, anticlockwise as seen (y runs down); NaN without a clear direction. */
  readonly direction: number;
}

/** A motion below a tenth of a pixel, or as wide as it is long, has no direction. */
const least = 0.1;

/**
 * The shape of `kernel`, [k, k] row by row; negative taps are ignored. Both fields are NaN without a positive tap.
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
