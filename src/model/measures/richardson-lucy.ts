/**
 * Deblurs with one known kernel and without a net, as a baseline: Richardson (1972) and Lucy (1974), u ← u · Kᵀ(y /
 * (K u)), starting at u = y.
 */
import type { PlanarImage } from "../blur/planar-image.ts";
import { blurByField } from "../blur/reblur.ts";

/** More iterations amplify noise and ringing faster than edges. */
const iterations = 10;

/** Keeps a quotient finite in black areas. */
const least = 1e-6;

/**
 * The restored image, [channels, height, width], clamped to 0..1. Beyond its edges the last pixel is repeated.
 * @param kernel of ⊗ (a cross-correlation), [k, k], not negative, sum 1: see `plausibleKernel`
 */
export function richardsonLucy(
  blurry: PlanarImage,
  kernel: Float32Array,
): Float32Array<ArrayBuffer> {
  const forwards = uniform(blurry, kernel);
  const backwards = uniform(blurry, kernel.toReversed());
  let restored = Float32Array.from(blurry.values, (value) => Math.max(least, value));
  for (let i = 0; i < iterations; i++) {
    const again = blurByField({ ...blurry, values: restored }, forwards, "replicate");
    const quotient = again.map(
      (value, at) => (blurry.values[at] as number) / Math.max(least, value),
    );
    const correction = blurByField({ ...blurry, values: quotient }, backwards, "replicate");
    restored = restored.map((value, at) => value * (correction[at] as number));
  }
  return restored.map((value) => Math.min(1, Math.max(0, value)));
}

/**
 * Turns a decoded kernel into a physical one: drops taps below a thousandth of the largest, and scales the sum to
 * 1.
 * @throws RangeError if no tap is left
 */
export function plausibleKernel(kernel: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const taps = Float64Array.from(kernel);
  const greatest = taps.reduce((a, b) => Math.max(a, b), 0);
  if (!(greatest > 0 && greatest < Infinity))
    throw new RangeError("expected a kernel with a positive tap but received none");
  const kept = taps.map((tap) => (tap < greatest / 1000 ? 0 : tap));
  const sum = kept.reduce((a, b) => a + b, 0);
  return Float32Array.from(kept, (tap) => tap / sum);
}

/** The same kernel at every pixel. */
function uniform({ width, height }: PlanarImage, kernel: Float32Array) {
  const share = new Float32Array(width * height).fill(1);
  return { kernelSize: Math.sqrt(kernel.length), width, height, parts: [{ kernel, share }] };
}
