/**
 * Compares the nets with tensors of the authors' own code: max|Δ| ≤ 1e-4·max|reference| for each tensor. Repeats
 * the comparison with planted faults, each of which must be detected.
 */
import { describe, expect, test } from "vitest";
import { fold } from "../../../src/model/folding/folding.ts";
import { add, affine, input } from "../../../src/model/graph/build.ts";
import { findValue, type Graph, rewrite, type Value } from "../../../src/model/graph/graph.ts";
import { nafNet } from "../../../src/model/nets/nafnet.ts";
import {
  decodeFlowGraph,
  estimateKernelsGraph,
  restoreGraph,
} from "../../../src/model/nets/ufpnet.ts";
import { configOf, type Tensor, type Weights } from "../../../src/model/weights/weights.ts";
import { type ReferenceNet, referenceNets, tensorOf } from "../../fixtures/reference.ts";
import { error } from "../compare.ts";
import { consumers, foldings, type Tensors } from "../consumers.ts";
import { channelsFirst, padded, restored } from "../reference-tiles.ts";
import { type Way, ways } from "./parity-ways.ts";

const tolerance = 1e-4;

const table = referenceNets().flatMap((net) => ways.map((way) => ({ ...net, ...way })));

describe.each(table)("$name, $consumer, $folding", (way: ReferenceNet & Way) => {
  const { weights, io, metadata, consumer, folding } = way;
  const run = (graph: Graph, of: Weights, feeds: Tensors): Promise<Tensors> => {
    const net = fold(graph, of, folding === "plain" ? [] : foldings[consumer]);
    return consumers[consumer](net.graph, net.weights, feeds);
  };
  const config = configOf(weights, metadata);
  const image = padded(tensorOf(io, "input"));
  const [, , h = 0, w = 0] = image.shape;
  const taps = config.kernelSize ** 2;
  const reference = (name: string) => tensorOf(io, name);
  const field = (name: string) => channelsFirst(reference(name), taps, h, w);
  const code = field("ke.softmax_code");
  const sigma = { ...reference("ke.sigma"), shape: [1, 1, h, w] };
  const kernels = field("flow.kernels");

  test("KE-Net predicts the authors' codes and uncertainties", async () => {
    const out = await run(estimateKernelsGraph(config), weights, { image });
    expect(error(out["code"], code)).toBeLessThanOrEqual(tolerance);
    expect(error(out["sigma"], sigma)).toBeLessThanOrEqual(tolerance);
  });

  test("standardised codes and decoded kernels equal the authors'", async () => {
    const out = await run(decodeFlowGraph(config), weights, { code, sigma });
    expect(error(out["z"], field("ke.z_mean_component"))).toBeLessThanOrEqual(tolerance);
    expect(error(out["kernels"], kernels)).toBeLessThanOrEqual(tolerance);
  });

  test("features, reduced kernels and output of the restorer equal the authors'", async () => {
    const taps3 = input("kernels", taps);
    const { residual, features, reducedKernels } = nafNet(
      input("image", 3),
      taps3,
      config,
      "global",
    );
    const named = (prefix: string, values: readonly Value[]): Graph =>
      Object.fromEntries(values.map((value, i) => [`${prefix}${i}`, value]));
    const graph = {
      residual,
      ...named("features.encoder", features),
      ...named("kernel_down.", reducedKernels),
    };
    const out = await run(graph, weights, { image, kernels });
    const errors = Object.keys(graph)
      .filter((name) => name !== "residual")
      .map((name) => error(out[name], reference(name)));
    expect(errors).toHaveLength(6);
    expect(Math.max(...errors)).toBeLessThanOrEqual(tolerance);
    const raw = (out["residual"] as Tensor).data.map((v, i) => v + (image.data[i] as number));
    expect(error({ data: raw, shape: image.shape }, reference("output.raw"))).toBeLessThanOrEqual(
      tolerance,
    );
  });

  interface Fault {
    readonly weights?: Weights;
    readonly decode?: (graph: Graph) => Graph;
    readonly field?: (kernels: Tensor) => Tensor;
    readonly restore?: (graph: Graph) => Graph;
  }

  /** The whole net, image to image: the largest error of codes, kernels and image. */
  async function wholeNet(
    expected: string,
    options: { noise?: boolean; tlc?: boolean; fault?: Fault } = {},
  ): Promise<number> {
    const { noise = false, tlc = false, fault = {} } = options;
    const all = fault.weights ?? weights;
    const same = (graph: Graph) => graph;
    const codes = await run(estimateKernelsGraph(config), all, { image });
    const decode = (fault.decode ?? same)(decodeFlowGraph(config, { noise }));
    const flow = await run(decode, all, {
      ...codes,
      ...(noise && { noise: field("noise") }),
    });
    const decoded = (fault.field ?? ((k: Tensor) => k))(flow["kernels"] as Tensor);
    const onTheWay = noise
      ? [] // the reference has these two without noise
      : [error(flow["z"], field("ke.z_mean_component")), error(decoded, kernels)];
    const settings = tlc ? { ...config, trainPatch: 16 } : config;
    const restore = (fault.restore ?? same)(restoreGraph(settings, tlc ? "tlc" : "global"));
    const out = await run(restore, all, { image, kernels: decoded });
    const picture = restored(image, out["residual"], reference(expected));
    return Math.max(...onTheWay, error(picture, reference(expected)));
  }

  test("the image equals the authors'", async () => {
    expect(await wholeNet("output.noise_free")).toBeLessThanOrEqual(tolerance);
  });

  test("the image with their noise equals the authors'", async () => {
    expect(await wholeNet("output.with_noise", { noise: true })).toBeLessThanOrEqual(tolerance);
  });

  test("the image with local pooling (TLC) equals the authors'", async () => {
    expect(await wholeNet("output.tlc_train16", { tlc: true })).toBeLessThanOrEqual(tolerance);
  });

  test("omitting noise or local pooling is detected", async () => {
    expect(await wholeNet("output.with_noise")).toBeGreaterThan(10 * tolerance);
    expect(await wholeNet("output.tlc_train16")).toBeGreaterThan(10 * tolerance);
  });

  const reordered = (index: (c: number, y: number, x: number) => number) => (k: Tensor) => ({
    ...k,
    data: k.data.map(
      (_, i) => k.data[index(Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w)] as number,
    ),
  });
  const side = config.kernelSize;
  const faults: Record<string, Fault> = {
    "K = 0": { field: (k) => ({ ...k, data: new Float32Array(k.data.length) }) },
    "kernels transposed": {
      field: reordered((c, y, x) => (((c % side) * side + Math.floor(c / side)) * h + y) * w + x),
    },
    "field mirrored": { field: reordered((c, y, x) => (c * h + y) * w + (w - 1 - x)) },
    "biased standard deviation": {
      decode: (graph) =>
        rewrite(graph, (value) =>
          value.op.kind === "standardise" ? affine(value, Math.sqrt(taps / (taps - 1)), 0) : value,
        ),
    },
    "σ constant": {
      decode: (graph) =>
        rewrite(graph, (value) =>
          value.op.kind === "input" && value.op.name === "sigma" ? affine(value, 0, 0.5) : value,
        ),
    },
    "coupling masks inverted": {
      weights: new Map(
        [...weights].map(([name, tensor]) =>
          name.endsWith(".mask")
            ? [name, { ...tensor, data: tensor.data.map((m) => 1 - m) }]
            : [name, tensor],
        ),
      ),
    },
    "KAM's output taken as the block's residual": {
      restore: (graph) =>
        rewrite(graph, (value, original) => {
          const factor = original.inputs[1]?.op;
          if (factor?.kind !== "scale-channels") return value;
          const [, block] = /^(encoders\.[012]\.0)\.beta$/.exec(factor.factor.name) ?? [];
          if (!block) return value;
          const norm = findValue(
            value,
            ({ op }) => op.kind === "layer-norm" && op.weight?.name === `${block}.norm1.weight`,
          );
          return add(norm.inputs[0] as Value, value.inputs[1] as Value);
        }),
    },
  };
  test.each(Object.keys(faults))("a planted fault is detected: %s", async (name) => {
    const fault = faults[name] as Fault;
    expect(await wholeNet("output.noise_free", { fault })).toBeGreaterThan(10 * tolerance);
  });
});
