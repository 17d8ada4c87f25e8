/** Tests the error of a run whose batch does not fit into memory. */
import { describe, expect, it } from "vitest";
import type { AnyBatch } from "../../../src/model/training/stages.ts";
import type { Trainer } from "../../../src/model/training/trainer.ts";
import { isOutOfMemory, outOfMemory, smallerBatches } from "../../../src/tools/train/failures.ts";

const batch: AnyBatch = {
  ...{ count: 4, size: 64 },
  sharp: new Float32Array(4 * 3 * 64 * 64),
  blurry: new Float32Array(4 * 3 * 64 * 64),
  noise: new Float32Array(4 * 16 * 16 * 361),
};
const withRoomFor = (values: number) =>
  ({
    fits: async ({ sharp }: { sharp: Float32Array }) => sharp.length <= values,
  }) as unknown as Trainer<AnyBatch>;

describe("a batch that does not fit", () => {
  it("is tried smaller: half the patches, then half their side, everything in proportion", () => {
    const sizes = [...smallerBatches(batch)].map((smaller) => [
      smaller.count,
      "size" in smaller && smaller.size,
      "noise" in smaller && smaller.noise?.length,
    ]);
    expect(sizes).toEqual([
      [2, 64, 2 * 16 * 16 * 361],
      [1, 64, 16 * 16 * 361],
      [1, 32, 8 * 8 * 361],
      [1, 16, 4 * 4 * 361],
    ]);
    const kernels = { kernels: new Float32Array(8 * 361), count: 8 };
    expect([...smallerBatches(kernels)].map(({ count }) => count)).toEqual([4, 2, 1]);
  });

  it.each([
    [
      2 * 3 * 64 * 64,
      "memory does not suffice for `patch` 64 with `batch` 4; `patch` 64 with `batch` 2 fits",
    ],
    [
      3 * 32 * 32,
      "memory does not suffice for `patch` 64 with `batch` 4; `patch` 32 with `batch` 1 fits",
    ],
    [0, "memory does not suffice for `patch` 64 with `batch` 4, nor for any smaller batch"],
  ])("with room for %d values: %s", async (values, message) => {
    const cause = new Error("WebAssembly has no 123 bytes left for a tensor; use smaller tiles");
    expect(isOutOfMemory(cause)).toBe(true);
    expect(await outOfMemory(withRoomFor(values), batch, 1, cause)).toMatchObject({
      message,
      exitCode: 1,
    });
  });

  it("is tried as the largest part a thread would have of it", async () => {
    const told = async (values: number, workers: number) =>
      (await outOfMemory(withRoomFor(values), batch, workers, new Error("out of memory"))).message;
    expect(await told(3 * 64 * 64, 2)).toContain("`patch` 64 with `batch` 2 fits");
    expect(await told(3 * 64 * 64, 4)).toContain("nor for any smaller batch");
  });

  it.each([
    "WebGPU: Binding size (160000000) of [Buffer (unlabeled)] is larger than the maximum storage buffer binding size (134217728).",
    "out of memory on the device: [Buffer (unlabeled)]",
    "OOM when allocating tensor with shape[4,128,128,64]",
  ])("is known in the words of each engine: %s", (message) => {
    expect(isOutOfMemory(new Error(message))).toBe(true);
  });

  it("is not assumed of every error", () => {
    expect(isOutOfMemory(new Error("input image is missing"))).toBe(false);
  });
});
