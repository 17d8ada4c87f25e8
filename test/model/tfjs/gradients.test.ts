/** Slopes of every operation: measured on the cpu backend, the same on WebAssembly; and training there. */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  add,
  affine,
  batchMean,
  batchNormInverse,
  batchVariance,
  concat,
  conv,
  divide,
  exp,
  gelu,
  globalPool,
  input,
  layerNorm,
  linear,
  localPool,
  log,
  meanChannels,
  multiply,
  perChannel,
  pick,
  pixelShuffle,
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
import { type Op, topologicalOrder, type Value } from "../../../src/model/graph/graph.ts";
import { restoreGraph } from "../../../src/model/nets/ufpnet.ts";
import { evaluate } from "../../../src/model/tfjs/evaluate.ts";
import { registerGradients } from "../../../src/model/tfjs/gradients.ts";
import { importParameters } from "../../../src/model/tfjs/parameters.ts";
import { useWasm } from "../../../src/model/tfjs/wasm-backend.ts";
import { configOf, type Tensor } from "../../../src/model/weights/weights.ts";
import { referenceNets } from "../../fixtures/reference.ts";
import { error, pseudoRandom } from "../compare.ts";
import { madeFor, sizeOf, trained } from "./made-for.ts";
import "../consumers.ts";

type Shape4 = [number, number, number, number];
const backends = { wasm: useWasm, cpu: () => tf.setBackend("cpu") };
type Backend = keyof typeof backends;
const read = (tensor: tf.Tensor): Tensor => ({
  shape: tensor.shape,
  data: tensor.dataSync<"float32">(),
});
const random = (shape: number[], seed: number) =>
  tf.tensor(pseudoRandom(sizeOf(shape), seed), shape);

registerGradients();

/**
 * The slopes of Σ weight·y by the input x and every trained parameter; and along one direction in all of
 * them what the slopes say, at most (were all of one sign), and what is measured.
 */
async function slopesOf(backend: Backend, y: Value, shape: Shape4) {
  await backends[backend]();
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
  const slopes = new Map(tensors.map((t, i) => [["x", ...names][i] as string, read(t)]));

  const along = by.map((t, i) => pseudoRandom(t.size, 100 + i));
  const parts = [...slopes.values()].flatMap(({ data }, i) => [
    ...data.map((slope, at) => slope * (along[i]?.[at] as number)),
  ]);
  const moved = (step: number): number => {
    const values = by.map((t, i) => tf.add(t, tf.mul(random(t.shape, 100 + i), step)));
    return loss(...(values as [tf.Tensor])).dataSync()[0] as number;
  };
  const said = parts.reduce((sum, part) => sum + part, 0);
  const atMost = parts.reduce((sum, part) => sum + Math.abs(part), 0);
  const step = 2e-3;
  return { slopes, said, atMost, measured: (moved(step) - moved(-step)) / (2 * step) };
}

describe("the slopes are measured on the cpu, and the same on WebAssembly", () => {
  const x = input("x", 4);
  const one = (op: Op): Value => ({ op, inputs: [x], channels: 4, scale: 1 });
  const pooled = globalPool(x);
  const single = conv(x, "one", 1, { side: 1 });
  const other = conv(x, "other", 4, { side: 1 });
  const positive = exp(other);
  const depthwise = { depthwise: true };

  /** Of each kind of operation, the ways it is used. */
  const uses: Readonly<Record<Exclude<Op["kind"], "input">, readonly Value[]>> = {
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
    upconv: [upconv(x, "c", 3), upconv(upconv(x, "b", 2), "c", 3)],
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
    upsample: [upsample(x, 2), upsample(x, 3)],
  };

  const sizes: Shape4[] = [
    [2, 8, 6, 4],
    [1, 5, 7, 4],
  ];
  it.each(Object.entries(uses))("%s", async (kind, values) => {
    for (const [i, value] of values.entries()) {
      expect(topologicalOrder({ value }).map(({ op }) => op.kind)).toContain(kind);
      for (const size of sizes) {
        const use = `use ${i}, ${size.join("×")}`;
        const { slopes: expected, said, atMost, measured } = await slopesOf("cpu", value, size);
        expect(Math.abs(measured - said) / atMost, use).toBeLessThan(0.002);
        const { slopes: found } = await slopesOf("wasm", value, size);
        expect([...found.keys()]).toEqual([...expected.keys()]);
        for (const [name, slope] of expected) {
          expect(found.get(name)?.shape).toEqual(slope.shape);
          const difference = error(found.get(name), slope);
          expect(difference, `${use}, by ${name}`).toBeLessThan(1e-5);
        }
      }
    }
  });
});

describe("the restorer of the reference net", () => {
  const [reference] = referenceNets();
  if (!reference) throw new Error("there is no reference net");
  const { weights, metadata } = reference;
  const config = configOf(weights, metadata);
  const graph = restoreGraph(config, "global");
  const chosen = ["intro.weight", "middle_blks.0.conv2.weight", "kernel_down.1.weight"];

  /** The mean square of the residual as a function of the chosen weights, and their values. */
  function objective() {
    const imported = importParameters(graph, weights);
    const image = random([1, 16, 16, 3], 3) as tf.Tensor4D;
    const kernels = random([1, 16, 16, config.kernelSize ** 2], 4) as tf.Tensor4D;
    const loss = (...values: tf.Tensor[]): tf.Scalar => {
      const changed = chosen.map((name, i) => [name, values[i] as tf.Tensor] as const);
      const parameters = new Map([...imported, ...changed]);
      return tf.mean(tf.square(evaluate(graph, { image, kernels }, parameters).residual));
    };
    return { loss, values: chosen.map((name) => imported.get(name) as tf.Tensor) };
  }

  it("has the slopes on WebAssembly that it has on the cpu, and that are measured", async () => {
    await useWasm();
    const onWasm = objective();
    const found = tf.grads(onWasm.loss)(onWasm.values).map(read);

    await backends.cpu();
    const { loss, values } = objective();
    const expected = tf.grads(loss)(values).map(read);
    for (const [i, slope] of expected.entries()) {
      expect(error(found[i], slope), chosen[i]).toBeLessThan(5e-5); // 1e-5 is for a single operation
      const steepest = Math.max(...slope.data);
      const at = slope.data.indexOf(steepest);
      const step = 0.03;
      const moved = (by: number) => {
        const value = values[i] as tf.Tensor;
        const data = value.dataSync<"float32">().map((v, k) => (k === at ? v + by : v));
        return loss(...values.with(i, tf.tensor(data, value.shape))).dataSync()[0] as number;
      };
      const measured = (moved(step) - moved(-step)) / (2 * step);
      expect(measured / steepest, chosen[i]).toBeCloseTo(1, 2);
    }
  });
});

describe("training on WebAssembly", () => {
  beforeAll(useWasm);

  it("lowers the loss and leaves no tensor behind", () => {
    const blurry = input("blurry", 3);
    const wide = conv(blurry, "intro", 6);
    const [a, b] = split(
      conv(conv(layerNorm(wide, "n", 1e-6), "1", 8, { side: 1 }), "2", 8, { depthwise: true }),
    );
    const gated = multiply(a, b);
    const attended = multiply(gated, conv(globalPool(gated), "sca", 4, { side: 1 }));
    const graph = { restored: add(blurry, conv(attended, "ending", 3)) };

    const variables = new Map(
      [...importParameters(graph, madeFor(graph))].map(([name, t]) => [name, tf.variable(t)]),
    );
    const image = random([2, 8, 8, 3], 8) as tf.Tensor4D;
    const sharp = tf.tanh(tf.mul(image, 2));
    const optimizer = tf.train.sgd(0.1);
    const step = () => {
      const loss = optimizer.minimize(() => {
        const { restored } = evaluate(graph, { blurry: image }, variables);
        return tf.mean(tf.square(tf.sub(restored, sharp)));
      }, true) as tf.Scalar;
      const value = loss.dataSync()[0] as number;
      loss.dispose();
      return value;
    };
    const before = tf.memory();
    const losses = Array.from({ length: 20 }, step);
    const after = tf.memory();
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 2);
    expect(after.numTensors).toBe(before.numTensors);
    expect(after.numBytes).toBe(before.numBytes);
  });

  it("saves for a gradient without copying", () => {
    const x = random([64], 1);
    const before = tf.memory().numDataBuffers;
    const saved = tf.clone(x);
    expect(tf.memory().numDataBuffers).toBe(before);
    x.dispose();
    expect(saved.dataSync()).toEqual(pseudoRandom(64, 1));
    saved.dispose();
    expect(tf.memory().numDataBuffers).toBe(before - 1);
  });

  it("is made possible once, however often asked", () => {
    const kernels = () => tf.getKernelsForBackend("wasm").map(({ kernelFunc }) => kernelFunc);
    const before = kernels();
    registerGradients();
    expect(kernels()).toEqual(before);
  });
});
