/** Compares arrays of numbers. */
import { expect } from "vitest";
import type { Tensor } from "../../src/model/weights/weights.ts";

/** max|Δ| ÷ max|reference|; ∞ if any value is NaN. */
export function error(actual: Tensor | undefined, reference: Tensor): number {
  expect(actual?.data.length).toBe(reference.data.length);
  let delta = 0;
  let largest = 0;
  for (const [i, expected] of reference.data.entries()) {
    const difference = Math.abs((actual?.data[i] ?? Number.NaN) - expected);
    delta = Math.max(delta, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
    largest = Math.max(largest, Math.abs(expected));
  }
  return delta / largest;
}

/** Reproducible pseudorandom numbers in [−1, 1). */
export function pseudoRandom(size: number, seed = 1): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
