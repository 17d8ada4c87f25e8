/** Tests gradients, memory, and the conversion of parameters, which the parity suite does not cover. */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  add,
  concat,
  conv,
  exp,
  gelu,
  globalPool,
  input,
  layerNorm,
  localPool,
  log,
  meanChannels,
  multiply,
  pick as pickChannels,
  pixelShuffle,
  relu,
  scaleChannels,
  select,
  sigmoid,
  softmax,
  split,
  sqrt,
  standardise,
  tanh,
  upconv,
  upsample,
} from "../../../src/model/graph/build.ts";
import { parameters, type Value } from "../../../src/model/graph/graph.ts";
import { flowForward } from "../../../src/model/nets/flow-prior.ts";
import {
  decodeFlowGraph,
  estimateKernelsGraph,
  restoreGraph,
} from "../../../src/model/nets/ufpnet.ts";
import { evaluate } from "../../../src/model/tfjs/evaluate.ts";
import { exportParameters, importParameters } from "../../../src/model/tfjs/parameters.ts";
import { registerGradients } from "../../../src/model/tfjs/register-gradients.ts";
import { useWasm } from "../../../src/model/tfjs/wasm-backend.ts";
import { configOf } from "../../../src/model/weights/weights.ts";
import { referenceNets } from "../../fixtures/reference.ts";
import { pseudoRandom } from "../compare.ts";
import { madeFor, trained } from "./made-for.ts";
import "../consumers.ts";

const [reference] = referenceNets();
if (!reference) throw new Error("there is no reference net");
const { weights, metadata } = reference;
const config = configOf(weights, metadata);

registerGradients();

describe("gradients", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  const x = input("x", 4);
  const halves = split(conv(x, "a", 8, { depthwise: false }));
  const pick = (value: Value) => conv(value, "c", 4, { side: 1 });
  const nets: Record<string, Value> = {
    "conv, stride 2": conv(x, "c", 3, { stride: 2 }),
    "conv 2×2, stride 2": conv(x, "c", 3, { side: 2, stride: 2 }),
    "depthwise conv": conv(x, "c", 4, { depthwise: true }),
    "transposed conv": upconv(x, "c", 3),
    "channel attention": multiply(halves[0], conv(globalPool(halves[1]), "s", 4, { side: 1 })),
    "layer norm and its factors": scaleChannels(layerNorm(pick(x), "n", 1e-6), "b", [1, 4, 1, 1]),
    "pixel shuffle and upsampling": multiply(
      pixelShuffle(pick(x)),
      upsample(meanChannels(pick(x)), 2),
    ),
    "softmax, standardised": standardise(softmax(pick(x))),
    "select and concat": concat(select("mask", pick(x), relu(pick(x))), tanh(pick(x))),
    "exp, log, sqrt, sigmoid, gelu": add(
      multiply(exp(pick(x)), gelu(pick(x))),
      log(sqrt(sigmoid(pick(x)))),
    ),
    "picked channels": pickChannels(pick(x), [2, 0, 0]),
    "TLC's pooling": multiply(x, localPool(pick(x), 3)),
    "the flow with batch statistics": flowForward(x, "batch").z,
    "its log-determinant": flowForward(x, "batch").logDet,
  };

  it.each(Object.keys(nets))("of every parameter equal finite differences: %s", (name) => {
    const graph = { y: nets[name] as Value };
    const values = tf.tensor4d(pseudoRandom(2 * 4 * 4 * 4, 77), [2, 4, 4, 4]);
    const imported = importParameters(graph, madeFor(graph));
    const names = [...imported.keys()].filter(trained);
    const tensors = names.map((p) => imported.get(p) as tf.Tensor);
    const loss = (...changed: tf.Tensor[]): tf.Scalar =>
      tf.tidy(() => {
        const map = new Map([...imported, ...names.map((p, i) => [p, changed[i]] as const)]);
        const { y } = evaluate(graph, { x: values }, map as Map<string, tf.Tensor>);
        // Unequal weights, so that no sum hides a permutation.
        const weight = tf.tensor(pseudoRandom(y.size, 5), y.shape);
        return tf.sum(tf.mul(y, weight));
      });
    const gradients = tf.grads(loss)(tensors);
    const step = 2e-4; // wide enough for float32, too narrow for the many kinks of the flow
    for (const [i, tensor] of tensors.entries()) {
      const gradient = gradients[i]?.dataSync() as Float32Array;
      const base = tensor.dataSync();
      for (const at of new Set([0, Math.floor(base.length / 2), base.length - 1])) {
        const moved = (by: number) =>
          loss(
            ...tensors.map((t, j) =>
              j === i
                ? tf.tensor(
                    base.map((v, k) => (k === at ? v + by : v)),
                    t.shape,
                  )
                : t,
            ),
          ).dataSync()[0] as number;
        const derivative = (moved(step) - moved(-step)) / (2 * step);
        const found = gradient[at] as number;
        expect(
          Math.abs(found - derivative),
          `${names[i]} [${at}]: ${found}, ${derivative}`,
        ).toBeLessThan(0.03 * Math.max(1, Math.abs(derivative)));
      }
    }
  });
});

describe.each(["wasm", "cpu"] as const)("memory, %s", (backend) => {
  beforeAll(async () => {
    if (backend === "wasm") await useWasm();
    else await tf.setBackend("cpu");
  });

  it("does not grow over 50 evaluations, with and without gradients", () => {
    const x = input("x", 4);
    const graph = {
      x,
      twice: add(x, x),
      y: relu(conv(relu(conv(x, "a", 4, { side: 1 })), "b", 4, { side: 1 })),
    };
    const values = tf.ones<tf.Rank.R4>([1, 4, 4, 4]);
    const imported = importParameters(graph, madeFor(graph));
    const before = tf.memory();
    const run = () => {
      const { y, twice } = evaluate(graph, { x: values }, imported);
      tf.dispose([y, twice]);
      const derivatives = tf.grad((a) =>
        tf.sum(evaluate(graph, { x: a as tf.Tensor4D }, imported).y),
      );
      derivatives(values).dispose();
    };
    for (let i = 0; i < 50; i++) run();
    const after = tf.memory();
    expect(after.numTensors).toBe(before.numTensors);
    expect(after.numBytes).toBe(before.numBytes);
    // Inputs and parameters still belong to the caller.
    expect([values.isDisposed, [...imported.values()].some((t) => t.isDisposed)]).toEqual([
      false,
      false,
    ]);
  });
});

describe("memory of a deep net", () => {
  it("holds a few maps at a time, not all of them", async () => {
    await useWasm();
    let value = input("x", 8);
    for (let i = 0; i < 100; i++) value = relu(value);
    const graph = { y: value };
    const x = tf.ones<tf.Rank.R4>([1, 32, 32, 8]);
    const { peakBytes } = await tf.profile(() => evaluate(graph, { x }, new Map()));
    expect(peakBytes - tf.memory().numBytes).toBeLessThan(3 * x.size * 4);
  });

  it("fails with an error, not with wrong numbers, when it is exhausted", async () => {
    await useWasm();
    const graph = { y: upsample(input("x", 64), 512) }; // 64 GiB
    const x = tf.ones<tf.Rank.R4>([1, 32, 32, 64]);
    const before = tf.memory().numTensors;
    expect(() => evaluate(graph, { x }, new Map())).toThrow(/no 68719476736 bytes left/);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("parameters", () => {
  const graph = {
    ...estimateKernelsGraph(config),
    ...decodeFlowGraph(config),
    ...restoreGraph(config, "global"),
  };

  it("are exported as they were imported", async () => {
    await useWasm();
    const back = await exportParameters(graph, importParameters(graph, weights));
    const read = parameters(graph).map(({ name }) => name);
    expect([...back.keys()].sort()).toEqual(read.sort());
    for (const [name, { shape, data }] of back) {
      expect([name, shape]).toEqual([name, weights.get(name)?.shape]);
      expect(data).toEqual(weights.get(name)?.data);
    }
  });

  it.each<[string, () => unknown]>([
    ["the weights lack kernel_extra", () => importParameters(graph, new Map())],
    ["tensor kernel_extra", () => exportParameters(graph, new Map())],
    ["input image is missing", () => evaluate(restoreGraph(config, "global"), {}, new Map())],
    [
      "parameter c.weight is missing",
      () => evaluate({ y: conv(input("x", 1), "c", 1) }, { x: tf.ones([1, 1, 1, 1]) }, new Map()),
    ],
  ])("that are missing are reported by name: %s", async (message, attempt) => {
    await expect(async () => attempt()).rejects.toThrow(message);
  });
});
