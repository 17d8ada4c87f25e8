import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openCopyEngine } from "../../../src/model/engines/copy.ts";
import { openDeviceEngine } from "../../../src/model/engines/device-engine.ts";
import { referenceNets } from "../../fixtures/reference.ts";

const [reference] = referenceNets();
if (!reference) throw new Error("there is no reference net");
const entry = new URL("../../../dist/src/model/engines/device-worker.js", import.meta.url);

describe.each(["onnx", "tfjs-wasm"] as const)("the engine %s", (backend) => {
  test("returns the values that the cells have in the whole tensor", async () => {
    const engine = await openDeviceEngine({
      backend,
      entry,
      weights: readFileSync(reference.weightsPath),
      pooling: "global",
      threads: 1,
    });
    try {
      expect(engine.kernelField).toEqual({ size: 7, stride: 1 });
      const [height, width] = [16, 32];
      const pixels = Float32Array.from({ length: 3 * height * width }, (_, i) => (i % 97) / 97);
      const codes = await engine.estimateKernels(await engine.upload(pixels, height, width));
      const kernels = await engine.decodeFlow(codes);
      const whole = await engine.download(kernels);
      const cells = [511, 0, 33, 33];
      const some = await engine.sample(kernels, cells);
      const expected = cells.flatMap((cell) =>
        Array.from({ length: 49 }, (_, channel) => whole[channel * 512 + cell]),
      );
      expect(Array.from(some)).toEqual(expected);
      expect(new Set(some).size).toBeGreaterThan(100);
      expect(await engine.download(kernels)).toEqual(whole);
      for (const cell of [-1, 512, 0.5]) {
        await expect(engine.sample(kernels, [cell])).rejects.toThrow(
          `expected a cell of 16×32 but received ${cell}`,
        );
      }
    } finally {
      await engine.dispose();
    }
  });
});

test("the engine copy has no kernels", () => {
  expect(openCopyEngine().kernelField).toBeUndefined();
});
