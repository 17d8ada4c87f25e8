import { expect, test } from "vitest";
import { blurRadius } from "../../../src/model/blur/blur-radius.ts";

const side = 19;

/** A kernel with the given taps at [row, column] from the centre, stored behind another kernel. */
function kernelOf(taps: readonly [row: number, column: number, value: number][], floor = 0) {
  const kernels = new Float32Array(2 * side * side).fill(floor);
  for (const [row, column, value] of taps) {
    kernels[side * side + (9 + row) * side + 9 + column] = value;
  }
  return blurRadius(kernels, side * side, side);
}

test("a single tap at the centre has radius 0, whatever its sum", () => {
  expect(kernelOf([[0, 0, 1]])).toBe(0);
  expect(kernelOf([[0, 0, 0.3]])).toBe(0);
});

test("even motion over L pixels has the standard deviation of L positions, √((L² − 1)/12)", () => {
  for (const half of [1, 2, 4, 9]) {
    const taps = Array.from({ length: 2 * half + 1 }, (_, i) => [0, i - half, 0.1] as const);
    expect(kernelOf(taps.map((tap) => [...tap]))).toBeCloseTo(
      Math.sqrt(((2 * half + 1) ** 2 - 1) / 12),
      5,
    );
  }
});

test("a shift counts as blur: the radius of an off-centre tap is its distance", () => {
  expect(kernelOf([[3, 4, 1]])).toBeCloseTo(5, 6);
});

test("taps below a hundredth of the largest are ignored, larger ones are not", () => {
  expect(kernelOf([[0, 0, 1]], 0.005)).toBe(0);
  expect(kernelOf([[0, 0, 1]], 0.02)).toBeGreaterThan(5);
});

test("an empty kernel does not count as sharp", () => {
  expect(kernelOf([])).toBe(Number.POSITIVE_INFINITY);
  expect(kernelOf([[0, 0, Number.NaN]])).toBe(Number.POSITIVE_INFINITY);
});
