/** Tests the division of a batch among threads. */
import { describe, expect, it } from "vitest";
import { batchPart, dividedBatch } from "../../../src/model/training/shared-step.ts";

const numbers = (count: number, each: number, from: number) =>
  Float32Array.from({ length: count * each }, (_, i) => from + i);
const batch = {
  ...{ count: 5, size: 2 },
  sharp: numbers(5, 12, 0),
  blurry: numbers(5, 12, 100),
  noise: numbers(5, 9, 200),
};

describe("a divided batch", () => {
  it.each([
    [1, [5]],
    [2, [3, 2]],
    [3, [2, 2, 1]],
    [5, [1, 1, 1, 1, 1]],
  ])("in %i parts has every pair once, in order, with all its fields", (parts, counts) => {
    const divided = dividedBatch(batch, parts);
    expect(divided.map(({ count }) => count)).toEqual(counts);
    for (const name of ["sharp", "blurry", "noise"] as const) {
      expect(divided.flatMap((part) => [...part[name]])).toEqual([...batch[name]]);
      for (const part of divided)
        expect(part[name].length).toBe((batch[name].length / 5) * part.count);
    }
    expect(divided.every(({ size }) => size === 2)).toBe(true);
  });

  it("has its own buffers, which can be transferred to other threads", () => {
    const part = batchPart(batch, 1, 2);
    expect(part.sharp.buffer).not.toBe(batch.sharp.buffer);
    expect([...part.sharp]).toEqual([...batch.sharp.subarray(12, 36)]);
  });

  it("has no empty parts", () => {
    expect(() => dividedBatch(batch, 6)).toThrow("expected a batch of at least 6 but received 5");
  });
});
