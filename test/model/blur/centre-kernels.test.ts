import { expect, test } from "vitest";
import { centreKernels } from "../../../src/model/blur/centre-kernels.ts";

const kernel = (width: number, height: number, lit: Record<string, number>) => {
  const values = new Float64Array(width * height);
  for (const [place, value] of Object.entries(lit)) {
    const [x = 0, y = 0] = place.split(",").map(Number);
    values[y * width + x] = value;
  }
  return { width, height, values };
};

test("kernels of any size get one odd size, sum 1, and a centroid within half a pixel of the centre", () => {
  const { kernelSize, kernels } = centreKernels([
    kernel(8, 6, { "7,0": 3, "5,0": 1, "0,5": 0 }),
    kernel(2, 5, { "1,1": 250, "1,4": 250, "0,0": -9 }),
  ]);
  expect(kernelSize).toBe(5);
  for (const one of kernels) {
    let [sum, x, y] = [0, 0, 0];
    one.forEach((value, tap) => {
      sum += value;
      x += value * ((tap % 5) - 2);
      y += value * (Math.floor(tap / 5) - 2);
    });
    expect(sum).toBeCloseTo(1, 6);
    expect(Math.abs(x)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(y)).toBeLessThanOrEqual(0.5);
  }
  // (7, 0) and (5, 0) have their centroid at 6.5, which rounds up.
  expect(Array.from(kernels[0] ?? []).flatMap((v, tap) => (v > 0 ? [[tap, v]] : []))).toEqual([
    [10, 0.25],
    [12, 0.75],
  ]);
});

test.each([
  [{ width: 2, height: 1, values: [0, -1] }, "expected a value above 0 in kernel 1 but found none"],
  [
    { width: 2, height: 1, values: [1, Number.NaN] },
    "expected finite values in kernel 1 but found NaN",
  ],
])("an invalid kernel is reported by its index", (broken, message) => {
  const whole = { width: 1, height: 1, values: [1] };
  expect(() => centreKernels([whole, broken])).toThrow(message);
});
