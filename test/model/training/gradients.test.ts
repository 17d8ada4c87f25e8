/** Tests that gradients computed with less memory equal those of TensorFlow.js, and that no tensor leaks. */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { valueAndGradients } from "../../../src/model/training/gradients.ts";
import { prepareTraining } from "../../../src/model/training/trainer.ts";
import { pseudoRandom } from "../compare.ts";

beforeAll(() => prepareTraining());

const make = (seed: number): tf.Tensor2D => tf.tensor2d(pseudoRandom(12, seed), [3, 4]);

/** Has values that are used twice, unused parts, and parts independent of a or b. */
function loss(a: tf.Tensor, b: tf.Tensor): tf.Scalar {
  const constant = tf.exp(make(9));
  const both = tf.add(tf.mul(a, constant), b);
  tf.sigmoid(both);
  const twice = tf.add(both, both);
  return tf.sum(tf.concat([tf.tanh(twice), tf.square(tf.add(a, both))], 0));
}

const numbers = (tensors: readonly tf.Tensor[]) => tensors.map((t) => [...t.dataSync()]);

describe("valueAndGradients", () => {
  it("equals tf.valueAndGrads", () => {
    const [a, b] = [make(1), make(2)];
    const expected = tf.valueAndGrads(loss)([a, b]);
    const found = valueAndGradients(() => loss(a, b), [a, b]);
    expect(numbers([found.value, ...found.gradients])).toEqual(
      numbers([expected.value, ...expected.grads]),
    );
  });

  it("keeps its results only", () => {
    const [a, b] = [make(1), make(2)];
    const before = tf.memory();
    const { value, gradients } = valueAndGradients(() => loss(a, b), [a, b]);
    expect(tf.memory().numTensors).toBe(before.numTensors + 3);
    tf.dispose([value, ...gradients]);
    expect(tf.memory().numBytes).toBe(before.numBytes);
  });

  it.each([
    [
      "in the forward pass",
      () => {
        throw new Error("planted");
      },
      "planted",
    ],
    ["in the backward pass", (y: tf.Tensor) => failing(y), "planted"],
    ["without a gradient", (y: tf.Tensor) => tf.floor(y), "has no gradient"],
    ["without a dependence on the input", () => tf.sum(make(3)), "does not depend on"],
  ])("leaks nothing when it fails %s", (_, last: (y: tf.Tensor) => tf.Tensor, problem) => {
    const [a, b] = [make(1), make(2)];
    const before = tf.memory().numTensors;
    expect(() => valueAndGradients(() => tf.sum(last(loss(a, b))), [a, b])).toThrow(problem);
    expect(tf.memory().numTensors).toBe(before);
    // A later call still works.
    tf.dispose(valueAndGradients(() => loss(a, b), [a, b]));
    expect(tf.memory().numTensors).toBe(before);
  });
});

const failing = (y: tf.Tensor): tf.Tensor =>
  tf.customGrad((...given) => ({
    value: tf.mul(given[0] as tf.Tensor, 2),
    gradFunc: () => {
      throw new Error("planted");
    },
  }))(y);
