/** Compares both directions of the flow prior with the authors' numbers, and with each other. */
import { describe, expect, it } from "vitest";
import { input } from "../../../src/model/graph/build.ts";
import type { Graph } from "../../../src/model/graph/graph.ts";
import {
  flowForward,
  flowInverse,
  flowInverseLogits,
  kernelLogits,
} from "../../../src/model/nets/flow-prior.ts";
import { configOf, type Tensor, type Weights } from "../../../src/model/weights/weights.ts";
import { referenceNets, tensorOf } from "../../fixtures/reference.ts";
import { error, pseudoRandom } from "../compare.ts";
import { consumers } from "../consumers.ts";

const tolerance = 1e-4;
const names = ["onnx", "wasm", "cpu"] as const;

/** [n, c] → n cells of a map, [1, c, n, 1]. */
function asCells({ data, shape: [n = 0, c = 0] }: Tensor): Tensor {
  const moved = data.map((_, i) => data[(i % n) * c + Math.floor(i / n)] as number);
  return { data: moved, shape: [1, c, n, 1] };
}

/** [n, c] → n maps of one cell, [n, c, 1, 1]. */
function asBatch({ data, shape: [n = 0, c = 0] }: Tensor): Tensor {
  return { data, shape: [n, c, 1, 1] };
}

function largest(actual: Tensor | undefined, expected: Tensor): number {
  const differences = expected.data.map((v, i) => Math.abs((actual?.data[i] ?? Number.NaN) - v));
  return differences.reduce((a, b) => Math.max(a, b));
}

describe.each(referenceNets())("the flow of $name", ({ weights, io, metadata }) => {
  const taps = configOf(weights, metadata).kernelSize ** 2;
  const logits = tensorOf(io, "flow.forward.in");
  const expected = tensorOf(io, "flow.forward.out");
  const logDets = tensorOf(io, "flow.forward.log_det");
  const forward = (mode: "running" | "batch"): Graph => {
    const { z, logDet, statistics } = flowForward(input("x", taps), mode);
    return { z, logDet, ...statistics };
  };

  it.each(names)("maps kernels to the authors' codes and log-determinants: %s", async (name) => {
    const out = await consumers[name](forward("running"), weights, { x: asCells(logits) });
    expect(error(out["z"], asCells(expected))).toBeLessThanOrEqual(tolerance);
    expect(largest(out["logDet"], logDets)).toBeLessThanOrEqual(1e-3);
  });

  it.each(names)("maps codes back to the kernels: %s", async (name) => {
    const graph = { x: flowInverseLogits(input("z", taps)) };
    const out = await consumers[name](graph, weights, { z: asCells(expected) });
    const reference = asCells(tensorOf(io, "flow.inverse_of_forward"));
    expect(error(out["x"], reference)).toBeLessThanOrEqual(tolerance);
    expect(error(out["x"], asCells(logits))).toBeLessThanOrEqual(tolerance);
  });

  it.each(names)("inverts itself on random numbers: %s", async (name) => {
    const x = { data: pseudoRandom(taps * 20).map((v) => 3 * v), shape: [1, taps, 4, 5] };
    const there = flowForward(input("x", taps), "running").z;
    const out = await consumers[name]({ back: flowInverseLogits(there) }, weights, { x });
    expect(error(out["back"], x)).toBeLessThanOrEqual(tolerance);
  });

  it.each(names)("recovers the logits of decoded kernels: %s", async (name) => {
    const z = input("z", taps);
    const graph = { made: kernelLogits(flowInverse(z)), logits: flowInverseLogits(z) };
    const scaled: Weights = new Map([
      ...weights,
      ["flow.alpha", { shape: [1], data: Float32Array.of(0.01) }],
      ["flow.normalization", { shape: [1], data: Float32Array.of(3) }],
    ]);
    const out = await consumers[name](graph, scaled, { z: asCells(expected) });
    expect(error(out["made"], out["logits"] as Tensor)).toBeLessThanOrEqual(tolerance);
  });

  describe.each(["wasm", "cpu"] as const)("with the batch's statistics, %s", (name) => {
    it("standardises its output: mean β, unbiased variance γ²·v/(v + ε)", async () => {
      const { z } = await consumers[name](forward("batch"), weights, { x: asBatch(logits) });
      const n = logits.shape[0] as number;
      const of = (field: string) => tensorOf(weights, `flow.net.9.${field}`).data;
      for (let c = 0; c < taps; c++) {
        const column = Array.from({ length: n }, (_, i) => z?.data[i * taps + c] as number);
        const mean = column.reduce((a, b) => a + b) / n;
        const variance = column.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1);
        expect(mean).toBeCloseTo(of("beta")[c] as number, 4);
        expect(variance).toBeCloseTo(Math.exp(2 * (of("log_gamma")[c] as number)), 3);
      }
    });

    it("equals the flow with these as running statistics", async () => {
      const x = asBatch(logits);
      const batch = await consumers[name](forward("batch"), weights, { x });
      const moved = new Map(weights);
      let count = 0;
      for (const [field, tensor] of Object.entries(batch)) {
        if (!field.includes(".running_")) continue;
        expect(moved.has(field)).toBe(true);
        moved.set(field, { shape: [taps], data: tensor.data });
        count++;
      }
      expect(count).toBe(10);
      const running = await consumers[name](forward("running"), moved, { x });
      expect(error(running["z"], batch["z"] as Tensor)).toBeLessThanOrEqual(tolerance);
      expect(largest(running["logDet"], batch["logDet"] as Tensor)).toBeLessThanOrEqual(1e-3);
    });

    it("treats a batch of maps like the cells of one map", async () => {
      const batch = await consumers[name](forward("batch"), weights, { x: asBatch(logits) });
      const cells = await consumers[name](forward("batch"), weights, { x: asCells(logits) });
      const shape = logits.shape;
      const z = { data: batch["z"]?.data as Float32Array, shape };
      expect(error(cells["z"], asCells(z))).toBeLessThanOrEqual(tolerance);
    });
  });
});
