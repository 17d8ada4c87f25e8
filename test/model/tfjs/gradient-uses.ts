/** Defines all uses of every operation, and computes their gradients on the current backend. */
import * as tf from "@tensorflow/tfjs-core";
import {
  add,
  affine,
  batchMean,
  batchNormInverse,
  batchVariance,
  concat,
  constant,
  conv,
  cut,
  difference,
  divide,
  evenCells,
  exp,
  gelu,
  globalPool,
  halve,
  input,
  join,
  layerNorm,
  linear,
  localPool,
  log,
  meanChannels,
  multiply,
  neighbourMean,
  perChannel,
  pick,
  pixelShuffle,
  prelu,
  relu,
  scaleChannels,
  select,
  sigmoid,
  softmax,
  split,
  sqrt,
  standardise,
  subtract,
  tanh,
  unsquash,
  upconv,
  upsample,
} from "../../../src/model/graph/build.ts";
import { type Coordinates, frequencies, shifts } from "../../../src/model/graph/dft.ts";
import type { Op, Value } from "../../../src/model/graph/graph.ts";
import { evaluate } from "../../../src/model/tfjs/evaluate.ts";
import { importParameters } from "../../../src/model/tfjs/parameters.ts";
import type { Tensor } from "../../../src/model/weights/weights.ts";
import { pseudoRandom } from "../compare.ts";
import { madeFor, sizeOf, trained } from "./made-for.ts";

type Shape4 = [number, number, number, number];

export const read = async (tensor: tf.Tensor): Promise<Tensor> => ({
  shape: tensor.shape,
  data: await tensor.data<"float32">(),
});

export const random = (shape: number[], seed: number): tf.Tensor =>
  tf.tensor(pseudoRandom(sizeOf(shape), seed), shape);

/**
 * The gradients of Σ weight·y by the input x and every trained parameter, and the derivative along one direction in
 * all of them: by the gradients, its upper bound (for equal signs), and by finite differences.
 */
export async function gradientsOf(y: Value, shape: Shape4) {
  const graph = { y };
  const imported = importParameters(graph, madeFor(graph));
  const names = [...imported.keys()].filter(trained);
  const loss = (x: tf.Tensor, ...values: tf.Tensor[]): tf.Scalar => {
    const changed = names.map((name, i) => [name, values[i] as tf.Tensor] as const);
    const map = evaluate(graph, { x: x as tf.Tensor4D }, new Map([...imported, ...changed])).y;
    return tf.sum(tf.mul(map, random(map.shape, 5)));
  };
  const by = [random(shape, 77), ...names.map((name) => imported.get(name) as tf.Tensor)];
  const tensors = tf.grads(loss as (...by: tf.Tensor[]) => tf.Scalar)(by);
  const gradients = new Map<string, Tensor>();
  for (const [i, tensor] of tensors.entries()) {
    gradients.set(["x", ...names][i] as string, await read(tensor));
  }

  const along = by.map((t, i) => pseudoRandom(t.size, 100 + i));
  const parts = [...gradients.values()].flatMap(({ data }, i) => [
    ...data.map((gradient, at) => gradient * (along[i]?.[at] as number)),
  ]);
  const moved = async (step: number): Promise<number> => {
    const values = by.map((t, i) => tf.add(t, tf.mul(random(t.shape, 100 + i), step)));
    return (await loss(...(values as [tf.Tensor])).data())[0] as number;
  };
  const said = parts.reduce((sum, part) => sum + part, 0);
  const atMost = parts.reduce((sum, part) => sum + Math.abs(part), 0);
  const step = 2e-3;
  return {
    gradients,
    said,
    atMost,
    measured: ((await moved(step)) - (await moved(-step))) / (2 * step),
  };
}

const x = input("x", 4);
const one = (op: Op): Value => ({ op, inputs: [x], channels: 4, scale: 1 });
const pooled = globalPool(x);
const single = conv(x, "one", 1, { side: 1 });
const other = conv(x, "other", 4, { side: 1 });
const positive = exp(other);
/** Of even sides. */
const even = upsample(x, 2);
const depthwise = { depthwise: true };

const channelsOf = ({ rows, columns }: Coordinates): number => rows.length * columns.length;
const low = channelsOf(frequencies("low"));
const spectrum = (name: string, channels: number): Value => conv(x, name, channels, { side: 1 });
/** A node of windows on maps of any size; the builder accepts those of an image only. */
const windowed = (op: Op, inputs: readonly Value[], channels: number): Value => ({
  ...{ op, inputs, channels },
  scale: 1,
});

/** The uses of each kind of operation. */
export const uses: Readonly<Record<Exclude<Op["kind"], "input">, readonly Value[]>> = {
  parameter: [multiply(x, perChannel("p", 4))],
  conv: [
    conv(x, "c", 3),
    conv(x, "c", 5, { bias: false }),
    conv(x, "c", 6, { side: 1 }),
    conv(x, "c", 2, { side: 5 }),
    conv(x, "c", 3, { stride: 2 }),
    conv(x, "c", 3, { side: 1, stride: 2 }),
    conv(x, "c", 3, { side: 2, stride: 2 }),
    conv(x, "c", 3, { side: 4, stride: 4 }),
    conv(pooled, "c", 3, { side: 1 }),
    linear(x, "c", 3),
    one({
      kind: "conv",
      weight: { name: "c.weight", shape: [4, 4, 1, 1] },
      side: 1,
      stride: 1,
      padding: 1, // wider than the kernel reaches
      groups: 1,
    }),
    conv(x, "c", 4, depthwise),
    conv(x, "c", 4, { ...depthwise, bias: false, side: 5 }),
    conv(x, "c", 4, { ...depthwise, stride: 2 }),
    conv(x, "c", 4, { ...depthwise, side: 1, stride: 2 }),
    conv(x, "c", 4, { ...depthwise, side: 2, stride: 2 }),
  ],
  upconv: [
    upconv(x, "c", 3),
    upconv(upconv(x, "b", 2), "c", 3),
    upconv(x, "c", 3, 4),
    upconv(upconv(x, "b", 2, 4), "c", 3, 4),
  ],
  prelu: [prelu(x, "p"), multiply(prelu(x, "p"), prelu(other, "p"))],
  unary: [relu(x), gelu(x), sigmoid(x), tanh(x), exp(x), log(sigmoid(x)), sqrt(sigmoid(x))],
  binary: [
    add(x, x),
    multiply(x, x),
    ...[add, subtract, multiply, divide].flatMap((of) => [
      of(x, positive),
      of(x, exp(pooled)),
      of(pooled, exp(x)),
      of(x, exp(single)),
    ]),
  ],
  affine: [affine(x, -2, 3)],
  "scale-channels": [scaleChannels(x, "s", [1, 4, 1, 1])],
  select: [select("mask", x, other)],
  concat: [concat(x, single), concat(other, x)],
  slice: [...split(x)],
  pick: [pick(x, [2, 0, 3]), pick(x, [1, 1, 0, 1]), pick(single, [0, 0])],
  softmax: [softmax(x)],
  "mean-channels": [meanChannels(x), meanChannels(conv(x, "c", 3))],
  standardise: [standardise(x)],
  "layer-norm": [layerNorm(x, "n", 1e-6), one({ kind: "layer-norm", epsilon: 1e-6 })],
  "batch-norm-inverse": [batchNormInverse(x, "n", 1e-5)],
  unsquash: [unsquash(x, "u")],
  "batch-statistic": [batchMean(x), batchVariance(x)],
  "global-pool": [pooled],
  "local-pool": [1, 2, 3, 6, 9].map((window) => localPool(x, window)),
  "pixel-shuffle": [pixelShuffle(x), pixelShuffle(conv(x, "c", 8))],
  upsample: [upsample(x, 2), upsample(x, 3), upsample(x, 2, "linear"), upsample(x, 3, "linear")],
  "even-cells": [evenCells(even), evenCells(evenCells(upsample(even, 2)))],
  halve: [halve(even), multiply(halve(even), other)],
  cut: [cut(even, "y"), cut(even, "x"), conv(cut(cut(even, "y"), "x"), "c", 3)],
  join: (["x", "y"] as const).flatMap((axis) => [
    join(conv(cut(even, axis), "c", 3), axis),
    join(multiply(cut(even, axis), globalPool(cut(even, axis))), axis),
  ]),
  constant: [multiply(x, constant("numbers", Float32Array.of(1, -2, 0, 3)))],
  difference: [difference(x, "x"), difference(x, "y")],
  "neighbour-mean": [neighbourMean(x)],
  "windowed-dft": (["re", "im"] as const).map((part) =>
    windowed({ kind: "windowed-dft", band: "low", part }, [upsample(single, 16)], low),
  ),
  lags: (["even", "odd"] as const).map((lags) =>
    windowed({ kind: "lags", band: "low", lags }, [spectrum("c", low)], channelsOf(shifts(lags))),
  ),
  "kernel-dft": (["re", "im"] as const).map((part) =>
    windowed({ kind: "kernel-dft", band: "low", part }, [spectrum("c", 9)], low),
  ),
  "filter-windows": [
    windowed(
      { kind: "filter-windows", band: "low" },
      // Without a bias: a window's mean is not changed, so its gradient would be 0.
      [
        upsample(conv(x, "image", 1, { side: 1, bias: false }), 16),
        spectrum("re", low),
        spectrum("im", low),
      ],
      1,
    ),
  ],
};

export const sizes: Shape4[] = [
  [2, 8, 6, 4],
  [1, 5, 7, 4],
];
