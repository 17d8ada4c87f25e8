/** In goes what the restorer answered, out comes whether it may be a picture: the last check before pixels change. */
import type { Restoration } from "../../model/engine.ts";

/**
 * Root mean square of the residual, in 0..1, that a restored tile stays below; a net that went astray does not.
 * Calibrated on real pictures: between blurry and sharp frames themselves (GoPro, REDS; 1,332 tiles of 90 to
 * 256 pixels a side) it is 0.06 in the median and 0.18 at most, of the bundled net's residuals on 1,303 tiles of
 * photographs 0.04 at most.
 */
export const defaultResidualLimit = 0.25;

/**
 * Refuse a residual that no deblurring makes.
 * @throws RangeError if a value is not finite or the root mean square exceeds `limit`; the message has the figure.
 */
export function guard({ residual, rms }: Restoration, limit: number): void {
  if (!Number.isFinite(rms) || !allFinite(residual)) {
    throw new RangeError("the net's output is not finite");
  }
  if (rms > limit) throw new RangeError(`residual RMS ${shown(rms, limit)} exceeds ${limit}`);
}

/** A loop without branches, since the main thread does nothing else meanwhile: x · 0 is 0 of finite values alone. */
function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) * 0;
  return sum === 0;
}

/** Two digits, unless they would round the figure down to the limit. */
function shown(rms: number, limit: number): string {
  const short = rms.toPrecision(2);
  return Number(short) > limit ? short : String(rms);
}
