/** A net on spectra with deconvolution, through the engines as a run uses them: each stage equals PyTorch's numbers. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { DeviceTensor, Engine } from "../../../src/model/engine.ts";
import { openOnnxEngine, openWasmEngine } from "../../../src/model/engines/device-engine.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import { tensorOf } from "../../fixtures/reference.ts";
import { error } from "../compare.ts";

const entry = new URL("../../../dist/src/model/engines/device-worker.js", import.meta.url);
const path = (name: string) =>
  new URL(`../../fixtures/spectral-micro-k7.${name}.safetensors`, import.meta.url);
const weights = readFileSync(path("weights"));
const outputs = readSafetensors(readFileSync(path("outputs"))).tensors;
const [height, width] = [64, 80];

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  onnx: () => openOnnxEngine({ weights, pooling: "global", threads: 1, entry }),
  "tfjs-wasm": () => openWasmEngine({ weights, pooling: "global", entry }),
};

describe.each(Object.keys(engines))("the engine %s", (name) => {
  test("estimates, decodes, deconvolves and restores, and keeps no tensor", async () => {
    const engine = await (engines[name] as () => Promise<Engine>)();
    try {
      expect(engine.alignment).toBe(16);
      expect(engine.kernelField).toEqual({ size: 7, stride: 16 });
      const pixels = Float32Array.from(tensorOf(outputs, "image").data);
      const image = await engine.upload(pixels.slice(), height, width);
      const { code, sigma } = await engine.estimateKernels(image);
      const kernels = await engine.decodeFlow({ code, sigma });
      const change = await engine.deconvolve(image, kernels, sigma);
      const { residual } = await engine.restore(image, kernels, change);
      const equals = async (tensor: DeviceTensor, expected: string) => {
        const data = await engine.download(tensor);
        expect(error({ data, shape: tensor.shape }, tensorOf(outputs, expected))).toBeLessThan(
          1e-4,
        );
      };
      await equals(sigma, "sigma");
      await equals(kernels, "kernels");
      await equals(change, "change");
      expect(change.shape).toEqual([1, 3, height, width]);
      const clamped = Float32Array.from(tensorOf(outputs, "residual").data, (value, i) => {
        const x = pixels[i] as number;
        return Math.min(1, Math.max(0, x + value)) - x;
      });
      expect(error({ data: residual, shape: [] }, { data: clamped, shape: [] })).toBeLessThan(1e-4);
      engine.release(image, code, sigma, kernels, change);
      expect(engine.liveHandles()).toBe(0);
    } finally {
      await engine.dispose();
    }
  });
});
