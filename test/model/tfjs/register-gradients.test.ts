/**
 * Compares the gradients of every operation with finite differences on the cpu, and WebAssembly with the cpu; tests
 * training on WebAssembly.
 */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  add,
  conv,
  globalPool,
  input,
  layerNorm,
  multiply,
  split,
} from "../../../src/model/graph/build.ts";
import { topologicalOrder } from "../../../src/model/graph/graph.ts";
import { restoreGraph } from "../../../src/model/nets/ufpnet.ts";
import { evaluate } from "../../../src/model/tfjs/evaluate.ts";
import { importParameters } from "../../../src/model/tfjs/parameters.ts";
import { registerGradients } from "../../../src/model/tfjs/register-gradients.ts";
import { useWasm } from "../../../src/model/tfjs/wasm-backend.ts";
import { configOf } from "../../../src/model/weights/weights.ts";
import { referenceNets } from "../../fixtures/reference.ts";
import { error, pseudoRandom } from "../compare.ts";
import { gradientsOf, random, read, sizes, uses } from "./gradient-uses.ts";
import { madeFor } from "./made-for.ts";
import "../consumers.ts";

const backends = { wasm: useWasm, cpu: () => tf.setBackend("cpu") };

registerGradients();

describe("gradients equal finite differences on the cpu, and are the same on WebAssembly", () => {
  it.each(Object.entries(uses))("%s", async (kind, values) => {
    for (const [i, value] of values.entries()) {
      expect(topologicalOrder({ value }).map(({ op }) => op.kind)).toContain(kind);
      for (const size of sizes) {
        const use = `use ${i}, ${size.join("×")}`;
        await backends.cpu();
        const { gradients: expected, said, atMost, measured } = await gradientsOf(value, size);
        expect(Math.abs(measured - said) / atMost, use).toBeLessThan(0.002);
        await backends.wasm();
        const { gradients: found } = await gradientsOf(value, size);
        expect([...found.keys()]).toEqual([...expected.keys()]);
        for (const [name, gradient] of expected) {
          expect(found.get(name)?.shape).toEqual(gradient.shape);
          const difference = error(found.get(name), gradient);
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

  /** The mean square of the residual as a function of the chosen weights, and the values of these weights. */
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

  it("has the same gradients on WebAssembly as on the cpu, equal to finite differences", async () => {
    await useWasm();
    const onWasm = objective();
    const found = await Promise.all(tf.grads(onWasm.loss)(onWasm.values).map(read));

    await backends.cpu();
    const { loss, values } = objective();
    const expected = await Promise.all(tf.grads(loss)(values).map(read));
    for (const [i, gradient] of expected.entries()) {
      expect(error(found[i], gradient), chosen[i]).toBeLessThan(5e-5); // 1e-5 is for a single operation
      const steepest = Math.max(...gradient.data);
      const at = gradient.data.indexOf(steepest);
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

  it("lowers the loss and leaks no tensor", () => {
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

  it("is registered once, however often requested", () => {
    const kernels = () => tf.getKernelsForBackend("wasm").map(({ kernelFunc }) => kernelFunc);
    const before = kernels();
    registerGradients();
    expect(kernels()).toEqual(before);
  });
});
