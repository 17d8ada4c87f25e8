/**
 * Compares the spectral KE-Net, the deconvolution and the restorer that reads it with tensors that PyTorch computed
 * in float64: max|Δ| ≤ 1e-4·max|reference| for each tensor. Planted faults must be detected.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fold } from "../../../src/model/folding/folding.ts";
import { input } from "../../../src/model/graph/build.ts";
import { type Graph, type Op, rewrite } from "../../../src/model/graph/graph.ts";
import { buildNet } from "../../../src/model/nets/build-net.ts";
import { spectralFeatures } from "../../../src/model/nets/spectral-ke-net.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import type { Tensor } from "../../../src/model/weights/weights.ts";
import { tensorOf } from "../../fixtures/reference.ts";
import { error } from "../compare.ts";
import { consumers, foldings, type Tensors } from "../consumers.ts";
import { ways } from "./parity-ways.ts";

const tolerance = 1e-4;
const fixture = (name: string) =>
  readSafetensors(
    readFileSync(new URL(`../../fixtures/spectral-micro-k7.${name}.safetensors`, import.meta.url)),
  );
const file = fixture("weights");
const outputs = fixture("outputs").tensors;
const of = (name: string): Tensor => tensorOf(outputs, name);
const { config, graphs } = buildNet(file, "global");
const deconvolve = graphs.deconvolve as Graph;
const estimate = graphs["estimate-kernels"] as Graph;
const decode = graphs["decode-flow"] as Graph;

test("the settings follow from the tensors", () => {
  expect(config).toMatchObject({
    keFeatures: "spectra",
    keBase: 8,
    kernelStride: 16,
    kernelSize: 7,
    deconvolution: true,
  });
});

describe.each(ways)("$consumer, $folding", ({ consumer, folding }) => {
  const run = (graph: Graph, feeds: Tensors): Promise<Tensors> => {
    const net = fold(graph, file.tensors, folding === "plain" ? [] : foldings[consumer]);
    return consumers[consumer](net.graph, net.weights, feeds);
  };

  test("features equal PyTorch's, with windows across each border", async () => {
    const { features } = await run(
      { features: spectralFeatures(input("image", 3)) },
      { image: of("image") },
    );
    // The fixture holds the second row's cells in columns 0, 2 and 4 of 4 × 5.
    const [columns, cells] = [5, 20];
    const picked = Float32Array.from(of("features").data, (_, i) => {
      const [channel, cell] = [Math.floor(i / 3), i % 3];
      return features?.data[channel * cells + columns + 2 * cell] as number;
    });
    expect(error({ data: picked, shape: [] }, of("features"))).toBeLessThanOrEqual(tolerance);
  });

  test("codes, uncertainties and kernels equal PyTorch's", async () => {
    const codes = await run(estimate, { image: of("image") });
    expect(error(codes["code"], of("code"))).toBeLessThanOrEqual(tolerance);
    expect(error(codes["sigma"], of("sigma"))).toBeLessThanOrEqual(tolerance);
    const { kernels } = await run(decode, { code: of("code"), sigma: of("sigma") });
    expect(error(kernels, of("kernels"))).toBeLessThanOrEqual(tolerance);
  });

  test("the deconvolution's change equals PyTorch's", async () => {
    const feeds = { image: of("image"), kernels: of("kernels"), sigma: of("sigma") };
    const { change } = await run(deconvolve, feeds);
    expect(error(change, of("change"))).toBeLessThanOrEqual(tolerance);
  });

  test("the residual with deconvolution and linear attention equals PyTorch's", async () => {
    const feeds = { image: of("image"), kernels: of("kernels"), change: of("change") };
    const { residual } = await run(graphs.restore, feeds);
    expect(error(residual, of("residual"))).toBeLessThanOrEqual(tolerance);
  });
});

describe("planted faults are detected", () => {
  const changed = (graph: Graph, change: (op: Op) => Op): Graph =>
    rewrite(graph, (value) => ({ ...value, op: change(value.op) }));
  const run = (graph: Graph, feeds: Tensors) => consumers.onnx(graph, file.tensors, feeds);

  test.each<[string, (op: Op) => Op]>([
    [
      "gradients along the other axis",
      (op) => (op.kind === "difference" ? { ...op, axis: op.axis === "x" ? "y" : "x" } : op),
    ],
    [
      "real and imaginary parts exchanged in low bands",
      (op) =>
        op.kind === "windowed-dft" && op.band === "low"
          ? { ...op, part: op.part === "re" ? "im" : "re" }
          : op,
    ],
    [
      "another floor",
      (op) => (op.kind === "affine" && op.shift === 1e-5 ? { ...op, shift: 2e-5 } : op),
    ],
  ])("in features: %s", async (_, change) => {
    const { code } = await run(changed(estimate, change), { image: of("image") });
    expect(error(code, of("code"))).toBeGreaterThan(2 * tolerance);
  });

  test.each<[string, (op: Op) => Op]>([
    [
      "the kernel's mirror image",
      (op) => {
        if (op.kind !== "affine" || op.scale !== 1 || op.shift !== -1) return op;
        return { ...op, scale: 0.98 };
      },
    ],
    [
      "no uncertainty",
      (op) => (op.kind === "affine" && op.shift === -9 ? { ...op, shift: -8 } : op),
    ],
  ])("in the deconvolution: %s", async (_, change) => {
    const feeds = { image: of("image"), kernels: of("kernels"), sigma: of("sigma") };
    const { change: found } = await run(changed(deconvolve, change), feeds);
    expect(error(found, of("change"))).toBeGreaterThan(2 * tolerance);
  });

  test("in the attention: cells without interpolation", async () => {
    const nearest = changed(graphs.restore, (op) =>
      op.kind === "upsample" ? { ...op, mode: "nearest" } : op,
    );
    const feeds = { image: of("image"), kernels: of("kernels"), change: of("change") };
    const { residual } = await run(nearest, feeds);
    expect(error(residual, of("residual"))).toBeGreaterThan(2 * tolerance);
  });
});
