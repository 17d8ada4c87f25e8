/**
 * Deblurring without a network, to measure one against: Richardson (1972) and Lucy (1974) with one known kernel,
 * u ← u · Kᵀ(y / (K u)), from u = y.
 */
import type { PlanarImage } from "../blur/planar-image.ts";
import { blurByField } from "../blur/reblur.ts";

/** More sharpen noise and rings faster than edges. */
const iterations = 10;

/** Keeps a quotient finite where a black picture meets a kernel. */
const least = 1e-6;

/**
 * The picture restored, [channels, height, width], 0..1 as it came, clamped. Beyond its edges the last pixel
 * goes on.
 * @param kernel of ⊗ (a cross-correlation), [k, k], none negative and of sum 1: see `plausibleKernel`
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
 * A decoded kernel as an optical one: nothing negative, what is under a thousandth of the greatest tap dropped,
 * sum 1.
 * @throws RangeError where nothing is left
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
