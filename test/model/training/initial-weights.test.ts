/** Tests initial weights: complete, determined by the seed, and scaled to preserve signals. */
import { createHash } from "node:crypto";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { simulateKernel } from "../../../src/model/blur/simulate-kernel.ts";
import { presets } from "../../../src/model/config.ts";
import { buildNet } from "../../../src/model/nets/build-net.ts";
import { estimateKernelsGraph } from "../../../src/model/nets/ufpnet.ts";
import { openStream } from "../../../src/model/random-stream.ts";
import { freeze } from "../../../src/model/training/frozen-net.ts";
import { initialWeights } from "../../../src/model/training/initial-weights.ts";
import { prepareTraining } from "../../../src/model/training/trainer.ts";
import type { Weights } from "../../../src/model/weights/weights.ts";
import { pseudoRandom } from "../compare.ts";

const weights = initialWeights(presets.lite, 1);
const of = (name: string): Float32Array => weights.get(name)?.data as Float32Array;

describe("initial weights", () => {
  it("fit the net and no other preset", () => {
    const { config } = buildNet({ tensors: weights, metadata: {} }, "tlc");
    expect(config).toEqual(presets.lite);
  });

  it("are determined by the seed, and taken over where known", () => {
    const small = { ...presets.lite, width: 2, keBase: 2, kernelSize: 5 };
    const hash = (of: Weights) =>
      [...of].map(
        ([name, { data }]) => `${name} ${createHash("sha256").update(data).digest("hex")}`,
      );
    const drawn = initialWeights(small, 1);
    expect(hash(initialWeights(small, 1))).toEqual(hash(drawn));
    const others = initialWeights(
      small,
      2,
      new Map([...drawn].filter(([name]) => name !== "intro.bias")),
    );
    const changed = [...others.keys()].filter((name) => others.get(name) !== drawn.get(name));
    expect(changed).toEqual(["intro.bias"]);
    expect(others.get("intro.bias")).not.toEqual(drawn.get("intro.bias"));
  });

  it("give an intro with more inputs zeros for them, so that a net first computes what it did", () => {
    const wider = { ...presets.lite, kernelStride: 16, keFeatures: "spectra" } as const;
    const known = weights.get("intro.weight")?.data as Float32Array;
    const widened = initialWeights({ ...wider, deconvolution: true }, 1, weights).get(
      "intro.weight",
    );
    expect(widened?.shape).toEqual([16, 6, 3, 3]);
    for (let out = 0; out < 16; out++) {
      const row = widened?.data.subarray(out * 54, (out + 1) * 54) as Float32Array;
      expect(row.subarray(0, 27)).toEqual(known.subarray(out * 27, (out + 1) * 27));
      expect(row.subarray(27).every((value) => value === 0)).toBe(true);
    }
  });

  it.each([
    ["encoders.3.5.conv1.weight", 128],
    ["kernel_extra.Conv_mid.body.2.weight", (64 * 9) / 6],
    ["intro.bias", 27],
    ["flow.net.4.t_net.4.weight", 25],
  ])("%s is uniform in ±1/√%d", (name, fanIn) => {
    const values = of(name);
    const reach = 1 / Math.sqrt(fanIn);
    const largest = Math.max(...values.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(reach * (1 + 1e-6));
    expect(largest).toBeGreaterThan(reach * 0.9);
    const square = values.reduce((sum, v) => sum + v * v, 0) / values.length;
    expect(square / (reach ** 2 / 3)).toBeGreaterThan(0.5);
    expect(square / (reach ** 2 / 3)).toBeLessThan(1.5);
  });

  it("make norms and blocks identities, and alternate the masks", () => {
    const all = (name: string) => [...new Set(of(name))];
    expect(all("encoders.0.0.norm1.weight")).toEqual([1]);
    expect(all("encoders.0.0.beta")).toEqual([0]);
    expect(all("flow.net.3.log_gamma")).toEqual([0]);
    expect(all("kernel_extra.Conv_mid.body.2.bias")).toEqual([0]);
    expect(all("flow.net.3.running_var")).toEqual([1]);
    expect([...of("flow.net.0.mask").slice(0, 4)]).toEqual([0, 1, 0, 1]);
    expect([...of("flow.net.2.mask").slice(0, 4)]).toEqual([1, 0, 1, 0]);
  });

  it("give different images different codes", async () => {
    await prepareTraining();
    const net = freeze(estimateKernelsGraph(presets.lite), weights);
    const shape: [number, number, number, number] = [1, 32, 32, 3];
    const codeOf = async (seed: number): Promise<Float32Array> => {
      const picture = pseudoRandom(32 * 32 * 3, seed).map((v) => (v + 1) / 2);
      return (await net.run({ image: tf.tensor4d(picture, shape) }).code.data()) as Float32Array;
    };
    const [one, other] = await Promise.all([codeOf(1), codeOf(2)]);
    const logarithms = (code: Float32Array) => code.map((v) => Math.log(v));
    const spread = (values: Float32Array) => {
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    };
    const [a, b] = [logarithms(one), logarithms(other)];
    const apart = spread(a.map((v, i) => v - (b[i] as number)));
    expect(apart / spread(a)).toBeGreaterThan(0.1);
    net.dispose();
  });

  it("scale kernels to the size of other features", () => {
    const kernels = Array.from({ length: 16 }, (_, index) =>
      simulateKernel(openStream({ seed: 1, purpose: "kernel", index }), 19),
    );
    const taps = of("encoders.0.0.kernel_atttion.conv_kernel.0.weight").subarray(0, 361 * 9);
    // A field with the same kernel everywhere, as the first channel of a 3×3 conv receives it.
    const seen = kernels.map((kernel) =>
      taps.reduce((sum, w, i) => sum + w * (kernel[Math.floor(i / 9)] as number), 0),
    );
    const mean = seen.reduce((sum, v) => sum + v / 16, 0);
    const spread = Math.sqrt(seen.reduce((sum, v) => sum + (v - mean) ** 2 / 16, 0));
    expect(spread).toBeGreaterThan(0.3);
    expect(spread).toBeLessThan(3);
  });
});
