/** Compares convs on bytes with the formulas of Jacob et al. (CVPR 2018), written as plain loops. */
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { addsBytesExactly } from "../../../src/model/engines/onnx/load-runtime.ts";
import { conv, input, pixelShuffle, relu } from "../../../src/model/graph/build.ts";
import { type Graph, parameters } from "../../../src/model/graph/graph.ts";
import { observe } from "../../../src/model/onnx/observe.ts";
import type { OnnxModel } from "../../../src/model/onnx/proto.ts";
import { serializeGraph } from "../../../src/model/onnx/serialize.ts";
import { toInt8 } from "../../../src/model/onnx/to-int8.ts";
import type { ConvRange, GraphRanges, ValueRange } from "../../../src/model/weights/int8-ranges.ts";
import type { Weights } from "../../../src/model/weights/weights.ts";
import { pseudoRandom } from "../compare.ts";

const [height, width] = [12, 20];
const cells = height * width;

function weightsOf(graph: Graph): Weights {
  return new Map(
    parameters(graph).map(({ name, shape }, i) => [
      name,
      {
        shape,
        data: pseudoRandom(
          shape.reduce((a, b) => a * b, 1),
          20 + i,
        ),
      },
    ]),
  );
}

type Change = (model: OnnxModel) => OnnxModel;

async function run(graph: Graph, weights: Weights, x: Float32Array, change?: Change) {
  const bytes = serializeGraph("test", graph, weights, change);
  const session = await ort.InferenceSession.create(bytes);
  const feeds = { x: new ort.Tensor("float32", x, [1, x.length / cells, height, width]) };
  const outputs = await session.run(feeds);
  await session.release();
  return outputs;
}

const valuesOf = ({ data }: { readonly data: unknown }) => data as Float32Array;

async function observed(graph: Graph, weights: Weights, x: Float32Array): Promise<GraphRanges> {
  let found: ReturnType<typeof observe> | undefined;
  const outputs = await run(graph, weights, x, (model) => {
    found = observe(model);
    return found.model;
  });
  if (!found) throw new Error("nothing was observed");
  return found.rangesIn((name) => Number(outputs[name]?.data[0]));
}

/** Rounds to nearest, ties to even, as processors do. */
function rounded(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

function levelsOf([low, high]: ValueRange) {
  const scale = Math.fround((high - low) / 255);
  const zero = Math.round(-low / scale);
  const level = (value: number) => Math.min(255, Math.max(0, rounded(value / scale) + zero));
  return { scale, zero, level };
}

interface Layer {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly side: number;
  readonly depthwise: boolean;
}

/** eq. 7 with zero points of input and output: sums of integer products, then one factor per channel. */
function byHand(x: Float32Array, range: ConvRange, layer: Layer): Float32Array {
  const [read, written] = [levelsOf(range.input), levelsOf(range.output)];
  const { weight, bias, side, depthwise } = layer;
  const [out, channels] = [bias.length, x.length / cells];
  const into = depthwise ? 1 : channels;
  const taps = side * side;
  const steps = Array.from(x, (value) => read.level(value) - read.zero);
  const y = new Float32Array(out * cells);
  for (let o = 0; o < out; o++) {
    const own = weight.subarray(o * into * taps, (o + 1) * into * taps);
    const scale = Math.fround(Math.max(...own.map(Math.abs)) / 127);
    const q = Array.from(own, (w) => Math.round(w / scale));
    const factor = scale * read.scale;
    for (let p = 0; p < cells; p++) {
      let sum = Math.round((bias[o] as number) / factor);
      for (let i = 0; i < into; i++) {
        for (let t = 0; t < taps; t++) {
          const row = Math.floor(p / width) + Math.floor(t / side) - (side - 1) / 2;
          const column = (p % width) + (t % side) - (side - 1) / 2;
          if (row < 0 || row >= height || column < 0 || column >= width) continue;
          const from = (depthwise ? o : i) * cells + row * width + column;
          sum += (q[i * taps + t] as number) * (steps[from] as number);
        }
      }
      const level = written.level(sum * factor);
      y[o * cells + p] = (level - written.zero) * written.scale;
    }
  }
  return y;
}

const x = pseudoRandom(16 * cells, 3);
const dense = { y: conv(input("x", 16), "c", 24) };
const pointwise = { y: relu(conv(input("x", 16), "c", 8, { side: 1 })) };
const depthwise = { y: conv(input("x", 16), "c", 16, { depthwise: true }) };

describe.each([
  { name: "a conv of 3×3", graph: dense, side: 3, isDepthwise: false },
  { name: "a conv of 1×1 before a ReLU", graph: pointwise, side: 1, isDepthwise: false },
  { name: "a depthwise conv", graph: depthwise, side: 3, isDepthwise: true },
])("$name", ({ graph, side, isDepthwise }) => {
  const weights = weightsOf(graph);

  test("matches the formulas to one level, and exactly in nearly every value", async () => {
    const ranges = await observed(graph, weights, x);
    const { y } = await run(graph, weights, x, (model) => toInt8(model, ranges));
    const [range] = ranges.ranges;
    if (!y || !range) throw new Error("there is no output");
    const tensor = (name: string) => weights.get(name)?.data ?? new Float32Array();
    const layer = { weight: tensor("c.weight"), bias: tensor("c.bias") };
    const expected = byHand(x, range, { ...layer, side, depthwise: isDepthwise });
    const { scale } = levelsOf(range.output);
    const apart = valuesOf(y).map((value, i) => Math.abs(value - (expected[i] as number)) / scale);
    expect(Math.max(...apart)).toBeLessThan(1.01);
    expect(apart.filter((levels) => levels > 0.01).length).toBeLessThan(apart.length / 500);
  });

  test("is close but not equal to float32", async () => {
    const ranges = await observed(graph, weights, x);
    const exact = await run(graph, weights, x);
    const bytes = await run(graph, weights, x, (model) => toInt8(model, ranges));
    const [a, b] = [exact["y"], bytes["y"]].map((tensor) => valuesOf(tensor ?? { data: [] }));
    const error = Math.hypot(...(a ?? []).map((value, i) => value - (b?.[i] ?? 0)));
    const relative = error / Math.hypot(...(a ?? []));
    expect(relative).toBeGreaterThan(1e-4);
    expect(relative).toBeLessThan(0.02);
  });
});

test("ranges exclude at most a twenty-thousandth of a conv's values at each end", async () => {
  const weights = weightsOf(pointwise);
  const { y } = await run(pointwise, weights, x);
  const { ranges } = await observed(pointwise, weights, x);
  if (!y) throw new Error("there is no output");
  const inner = (values: Float32Array): ValueRange => {
    const sorted = values.toSorted((a, b) => a - b);
    const beyond = Math.ceil(5e-5 * sorted.length);
    return [sorted[beyond - 1] ?? Number.NaN, sorted.at(-beyond) ?? Number.NaN];
  };
  expect(ranges).toEqual([{ input: inner(x), output: inner(valuesOf(y)) }]);
});

test("convs of few channels, and those that carry features between scales, stay float32", async () => {
  const read = input("x", 16);
  const graph = {
    few: conv(read, "few", 4),
    down: conv(read, "down", 16, { side: 2, stride: 2 }),
    up: pixelShuffle(conv(read, "up", 32, { side: 1, bias: false })),
  };
  const weights = weightsOf(graph);
  const ranges = await observed(graph, weights, x);
  expect(ranges.ranges).toEqual([]);
  const exact = await run(graph, weights, x);
  const same = await run(graph, weights, x, (model) => toInt8(model, ranges));
  for (const name of Object.keys(graph)) {
    expect(same[name]?.data, name).toEqual(exact[name]?.data);
  }
});

test("a channel without weights keeps its bias", async () => {
  const weights = new Map(weightsOf(pointwise));
  const { data, shape } = weights.get("c.weight") ?? { data: new Float32Array(), shape: [] };
  weights.set("c.weight", { shape, data: data.map((w, i) => (i < 16 ? 0 : w)) });
  weights.set("c.bias", { shape: [8], data: Float32Array.of(0.5, 0, 0, 0, 0, 0, 0, 0) });
  const ranges = await observed(pointwise, weights, x);
  const { y } = await run(pointwise, weights, x, (model) => toInt8(model, ranges));
  const step = levelsOf(ranges.ranges[0]?.output ?? [0, 1]).scale;
  for (const value of valuesOf(y ?? { data: [] }).subarray(0, cells)) {
    expect(Math.abs(value - 0.5)).toBeLessThanOrEqual(step / 2);
  }
});

test("ranges of other convs are rejected with the remedy", async () => {
  const weights = weightsOf(dense);
  const ranges = await observed(depthwise, weightsOf(depthwise), x);
  expect(() => serializeGraph("t", dense, weights, (model) => toInt8(model, ranges))).toThrow(
    /calibrated by another version .*; calibrate the weights again/,
  );
});

test("sums of bytes are exact on this processor, by default or with the option", async () => {
  const precise = { extra: { session: { x64quantprecision: "1" } } };
  expect((await addsBytesExactly(ort)) || (await addsBytesExactly(ort, precise))).toBe(true);
});
