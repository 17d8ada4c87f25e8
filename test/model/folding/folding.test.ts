/** Tests each folding pass alone: outputs stay equal, and the folded operations are gone. */
import { describe, expect, it } from "vitest";
import { foldLayerNorms, foldScales } from "../../../src/model/folding/affine.ts";
import { foldBatchNorms } from "../../../src/model/folding/batch-norms.ts";
import { fold, type Pass } from "../../../src/model/folding/folding.ts";
import { sliceCouplings, zeroMasks } from "../../../src/model/folding/masks.ts";
import { splitConvs } from "../../../src/model/folding/split-convs.ts";
import {
  add,
  conv,
  gelu,
  input,
  layerNorm,
  multiply,
  pick,
  relu,
  scaleChannels,
  split,
} from "../../../src/model/graph/build.ts";
import { countMacs } from "../../../src/model/graph/costs.ts";
import {
  type Graph,
  parameters,
  topologicalOrder,
  type Value,
} from "../../../src/model/graph/graph.ts";
import { decodeFlowGraph, restoreGraph } from "../../../src/model/nets/ufpnet.ts";
import { configOf, type Tensor, type Weights } from "../../../src/model/weights/weights.ts";
import { referenceNets, tensorOf } from "../../fixtures/reference.ts";
import { error, pseudoRandom } from "../compare.ts";
import { consumers, type Tensors } from "../consumers.ts";

const tolerance = 1e-5;
const [reference] = referenceNets();
if (!reference) throw new Error("there is no reference net");
const { weights, io, metadata } = reference;
const config = configOf(weights, metadata);
const taps = config.kernelSize ** 2;

const decode = decodeFlowGraph(config, { noise: true });
const restore = restoreGraph(config, "global");

const made = (channels: number, seed: number): Tensor => ({
  data: pseudoRandom(channels * 32 * 48, seed),
  shape: [1, channels, 32, 48],
});
const sigma = { ...tensorOf(io, "ke.sigma"), shape: [1, 1, 32, 48] };
const flowFeeds = { code: made(taps, 2), sigma, noise: made(taps, 3) };
const restoreFeeds = { image: made(3, 4), kernels: made(taps, 5) };

const count = (graph: Graph, matches: (value: Value) => boolean) =>
  topologicalOrder(graph).filter(matches).length;
const kinds =
  (...list: string[]) =>
  (value: Value) =>
    list.includes(value.op.kind);

interface Case {
  readonly passes: readonly Pass[];
  readonly graph: Graph;
  readonly feeds: Tensors;
  /** The operations each pass removes: their number before, and the number that may remain. */
  readonly removes: (value: Value) => boolean;
  readonly before: number;
  readonly after: number;
}

const blocks = 3 + 2 + 1 + 4;
const affineNorm = ({ op }: Value) => op.kind === "layer-norm" && op.weight !== undefined;
const flow = { graph: decode, feeds: flowFeeds };
const net = { graph: restore, feeds: restoreFeeds };

const cases: Record<string, Case> = {
  "layer norms' affines into 1×1 convs": {
    ...net,
    passes: [foldLayerNorms],
    removes: affineNorm,
    before: 2 * blocks,
    after: 0,
  },
  "beta and gamma into conv3 and conv5": {
    ...net,
    passes: [foldScales],
    removes: kinds("scale-channels"),
    before: 2 * blocks,
    after: 0,
  },
  "gates into the convs before them": {
    ...net,
    passes: [splitConvs],
    removes: kinds("slice"),
    before: 4 * blocks,
    after: 0,
  },
  "batch norms into the couplings": {
    ...flow,
    passes: [foldBatchNorms],
    removes: kinds("batch-norm-inverse"),
    before: 5,
    after: 0,
  },
  "couplings on halves": {
    ...flow,
    passes: [sliceCouplings],
    removes: kinds("select", "scale-channels"),
    before: 10,
    after: 0,
  },
  "couplings with zeros for masks": {
    ...flow,
    passes: [zeroMasks],
    removes: kinds("select", "scale-channels"),
    before: 10,
    after: 0,
  },
  "batch norms folded, then halves: channels are picked apart and together once": {
    ...flow,
    passes: [foldBatchNorms, sliceCouplings],
    removes: kinds("select", "scale-channels", "batch-norm-inverse", "pick"),
    before: 15,
    after: 3,
  },
  "all of the restorer's": {
    ...net,
    passes: [foldLayerNorms, foldScales, splitConvs],
    removes: (value) => affineNorm(value) || kinds("scale-channels", "slice")(value),
    before: 8 * blocks,
    after: 0,
  },
};

describe.each(Object.entries(cases))(
  "%s",
  (_, { passes, graph, feeds, removes, before, after }) => {
    const folded = fold(graph, weights, passes);

    it.each(["onnx", "wasm"] as const)("leaves every output unchanged: %s", async (name) => {
      const [plain, cheap] = [
        await consumers[name](graph, weights, feeds),
        await consumers[name](folded.graph, folded.weights, feeds),
      ];
      expect(Object.keys(cheap)).toEqual(Object.keys(plain));
      for (const output of Object.keys(plain)) {
        expect(error(cheap[output], plain[output] as Tensor)).toBeLessThanOrEqual(tolerance);
      }
    });

    it("removes the operations it folds", () => {
      expect([count(graph, removes), count(folded.graph, removes)]).toEqual([before, after]);
    });

    it("returns exactly the weights its graph reads, with their shapes", () => {
      const read = parameters(folded.graph);
      expect([...folded.weights.keys()].sort()).toEqual(read.map(({ name }) => name).sort());
      for (const { name, shape } of read) {
        const { shape: found, data } = tensorOf(folded.weights, name);
        expect([name, found]).toEqual([name, shape]);
        expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
      }
    });
  },
);

describe("folding", () => {
  it("halves the work of the couplings' outer layers", () => {
    const { graph } = fold(decode, weights, [foldBatchNorms, sliceCouplings]);
    const kept = (taps - 1) / 2;
    const layers = (inner: number, outer: number) => 2 * 25 * (inner + 25 + outer);
    // Masks alternate: three couplings keep one half, two keep the other.
    const odd = layers(kept, kept + 1);
    const even = layers(kept + 1, kept);
    expect(countMacs(graph, 1, 1)).toBe(3 * odd + 2 * even);
    expect(countMacs(decode, 1, 1)).toBe(5 * layers(taps, taps));
  });

  it("rounds products of weights once", () => {
    const factor = Math.fround(1 / 3);
    const own: Weights = new Map([
      ["c.weight", { shape: [1, 1, 1, 1], data: Float32Array.of(0.1) }],
      ["c.bias", { shape: [1], data: Float32Array.of(0.7) }],
      ["f", { shape: [1], data: Float32Array.of(factor) }],
    ]);
    const graph = { y: scaleChannels(conv(input("x", 1), "c", 1, { side: 1 }), "f", [1]) };
    const folded = fold(graph, own, [foldScales]);
    const values = [...folded.weights.values()].map(({ data }) => data[0]);
    expect(values).toEqual([
      Math.fround(Math.fround(0.1) * factor),
      Math.fround(Math.fround(0.7) * factor),
    ]);
  });

  it("keeps values that other nodes still read", async () => {
    const x = input("x", 4);
    const norm = layerNorm(x, "n", 1e-6);
    const both = conv(norm, "a", 4, { side: 1 });
    const [left, right] = split(both);
    const shown = conv(x, "d", 4, { side: 1 });
    const [upper, lower] = split(shown);
    const graph = {
      // The norm is read by a conv of side 3, whose padding forbids folding; the conv has readers other than
      // slices.
      y: add(conv(norm, "b", 4), relu(both)),
      gated: multiply(left, right),
      shown,
      product: multiply(upper, lower),
    };
    const own: Weights = new Map(
      parameters(graph).map(({ name, shape }, i) => [
        name,
        {
          shape,
          data: pseudoRandom(
            shape.reduce((a, b) => a * b, 1),
            i + 1,
          ),
        },
      ]),
    );
    const folded = fold(graph, own, [foldLayerNorms, foldScales, splitConvs]);
    const feeds = { x: { data: pseudoRandom(4 * 6 * 5, 9), shape: [1, 4, 6, 5] } };
    const plain = await consumers.onnx(graph, own, feeds);
    const cheap = await consumers.onnx(folded.graph, folded.weights, feeds);
    for (const name of Object.keys(graph)) {
      expect(error(cheap[name], plain[name] as Tensor)).toBeLessThanOrEqual(tolerance);
    }
    expect(count(folded.graph, affineNorm)).toBe(1);
    expect(countMacs(folded.graph, 6, 5)).toBe(countMacs(graph, 6, 5));
  });

  it("reports the name of a missing weight", () => {
    expect(() => fold(restore, new Map(), [foldLayerNorms])).toThrow(/the weights lack /);
  });
});

describe("picking channels", () => {
  const a = input("a", 3);

  it("of picked channels picks once; of all channels in order, adds no node", () => {
    const twice = pick(pick(a, [2, 0]), [1]);
    expect([twice.op, twice.inputs[0]]).toEqual([{ kind: "pick", channels: [0] }, a]);
    expect(pick(a, [0, 1, 2])).toBe(a);
    expect(pick(pick(a, [2, 1, 0]), [2, 1, 0])).toBe(a);
  });

  it.each(["onnx", "wasm", "cpu"] as const)(
    "returns them in the listed order: %s",
    async (name) => {
      const x = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [1, 3, 1, 2] };
      const graph = { y: pick(a, [2, 0, 2]), z: gelu(pick(a, [1])) };
      const { y } = await consumers[name](graph, new Map(), { a: x });
      expect([...(y?.data ?? [])]).toEqual([5, 6, 1, 2, 5, 6]);
    },
  );
});
