import { expect, test } from "vitest";
import { simulateKernel } from "../../../src/model/blur/simulate-kernel.ts";
import { openStream } from "../../../src/model/random-stream.ts";

const kernelAt = (index: number, kernelSize = 19, seed = 1) =>
  simulateKernel(openStream({ seed, purpose: "blur", index }), kernelSize);

test.each([7, 19, 31])("kernels of size %i sum to 1 and are not negative", (size) => {
  for (let i = 0; i < 100; i++) {
    const kernel = kernelAt(i, size);
    expect(kernel.length).toBe(size ** 2);
    expect(Math.abs(kernel.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-6);
    expect(Math.min(...kernel)).toBe(0);
  }
});

test("the same stream gives the same kernel, another stream a different one", () => {
  expect(kernelAt(4)).toEqual(kernelAt(4));
  const kernels = Array.from({ length: 50 }, (_, i) => kernelAt(i).join());
  expect(new Set(kernels).size).toBe(50);
  expect(kernelAt(4, 19, 2)).not.toEqual(kernelAt(4));
});

test("kernels have all directions and lengths", () => {
  const kernels = Array.from({ length: 600 }, (_, i) => kernelAt(i));
  const spread = (kernel: Float32Array, f: (x: number, y: number) => number) =>
    kernel.reduce((sum, v, at) => sum + v * f((at % 19) - 9, Math.floor(at / 19) - 9), 0);
  const mean = (f: (x: number, y: number) => number) =>
    kernels.reduce((sum, kernel) => sum + spread(kernel, f), 0) / 600;
  const across = mean((x) => x * x);
  const down = mean((_, y) => y * y);
  expect(across / down).toBeGreaterThan(0.8);
  expect(across / down).toBeLessThan(1.25);
  // Both sides are equally likely.
  expect(Math.abs(mean((x, y) => x * y)) / across).toBeLessThan(0.15);
  const taps = kernels.map((kernel) => kernel.filter((value) => value > 0).length);
  expect(Math.min(...taps)).toBeLessThan(10);
  expect(Math.max(...taps)).toBeGreaterThan(90);
});
