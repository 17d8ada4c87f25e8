/** Tests the noise added to kernels and codes, and that it depends on seed and iteration only. */
import { describe, expect, it } from "vitest";
import { presets } from "../../../src/model/config.ts";
import { kernelBatch, pairBatch } from "../../../src/model/training/batches.ts";

const kernel = Float32Array.from({ length: 361 }, (_, tap) => (tap === 180 ? 1 : 0));

describe("kernels", () => {
  it("get noise up to 1/7200 per tap, and never reach 1", () => {
    const { kernels, count } = kernelBatch([kernel, kernel], { seed: 1, iteration: 3 });
    expect(count).toBe(2);
    expect(kernels.length).toBe(722);
    for (const [i, value] of kernels.entries()) {
      if (i % 361 === 180) expect(value).toBeCloseTo(1 - 1e-6, 7);
      else expect(value).toBeLessThanOrEqual(1 / 7200);
    }
    expect(Math.max(...kernels.slice(0, 180))).toBeGreaterThan(0.9 / 7200);
  });

  it("depend on seed and iteration only", () => {
    const at = (seed: number, iteration: number) =>
      kernelBatch([kernel], { seed, iteration }).kernels;
    expect(at(1, 3)).toEqual(at(1, 3));
    expect(at(1, 3)).not.toEqual(at(1, 4));
    expect(at(1, 3)).not.toEqual(at(2, 3));
  });
});

describe("pairs", () => {
  const pair = {
    size: 16,
    sharp: new Float32Array(768).fill(1),
    blurry: new Float32Array(768).fill(2),
  };
  const batch = pairBatch(
    [pair, { ...pair, sharp: new Float32Array(768).fill(3) }],
    { seed: 1, iteration: 0 },
    presets.lite,
  );

  it("are concatenated", () => {
    expect([batch.sharp[0], batch.sharp[767], batch.sharp[768], batch.blurry[1535]]).toEqual([
      1, 1, 3, 2,
    ]);
  });

  it("get standard normal noise for every number of every code", () => {
    const noise = batch.noise ?? new Float32Array();
    expect(noise.length).toBe(2 * 4 * 4 * 361);
    const mean = noise.reduce((sum, v) => sum + v, 0) / noise.length;
    const variance = noise.reduce((sum, v) => sum + (v - mean) ** 2, 0) / noise.length;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });

  it("have the known kernels of each, zeros for a real pair, and none where no pair has any", () => {
    const cellKernels = new Float32Array(4 * 4 * 361).fill(0.5);
    const at = { seed: 1, iteration: 0 };
    const mixed = pairBatch([pair, { ...pair, cellKernels }, pair], at, presets.lite);
    const parts = [0, 1, 2].map((i) =>
      mixed.knownKernels?.slice(i * cellKernels.length, (i + 1) * cellKernels.length),
    );
    expect(parts[1]).toEqual(cellKernels);
    for (const part of [parts[0], parts[2]])
      expect(part).toEqual(new Float32Array(cellKernels.length));
    expect(batch.knownKernels).toBeUndefined();
  });

  it("get no noise for codes without uncertainty", () => {
    const config = { ...presets.lite, kernelSource: "flow" } as const;
    expect(pairBatch([pair], { seed: 1, iteration: 0 }, config).noise).toBeUndefined();
  });
});
