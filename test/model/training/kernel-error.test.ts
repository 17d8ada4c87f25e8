/** Compares the error of known kernels and its gradients with PyTorch and with finite differences. */
import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { kernelTruthLoss, relativeKernelError } from "../../../src/model/training/kernel-error.ts";
import { prepareTraining } from "../../../src/model/training/trainer.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import { tensorOf } from "../../fixtures/reference.ts";
import { error } from "../compare.ts";
import "../consumers.ts";

const { tensors } = readSafetensors(
  readFileSync(new URL("../../fixtures/training-losses.safetensors", import.meta.url)),
);
type Shape = [number, number, number, number];
const recorded = (name: string): tf.Tensor4D => {
  const { shape, data } = tensorOf(tensors, name);
  return tf.tensor4d(data, [...shape] as Shape);
};
const numberIn = (scalar: tf.Tensor): number => scalar.dataSync()[0] as number;
const gradientOf = (estimated: tf.Tensor4D, known: tf.Tensor4D): tf.Tensor =>
  tf.grad((x: tf.Tensor) => kernelTruthLoss(x as tf.Tensor4D, known))(estimated);

describe.each(["wasm", "cpu"])("the error of kernels on %s", (backend) => {
  beforeAll(async () => {
    await prepareTraining();
    await tf.setBackend(backend);
  });

  it("equals PyTorch's at each place whose kernel is known", () => {
    const found = relativeKernelError(recorded("kernels.estimated"), recorded("kernels.known"));
    const { shape, data } = tensorOf(tensors, "kernels.error");
    // The second of three pairs is a real one.
    const values = [...found.dataSync()];
    const known = Float32Array.from([...values.slice(0, 6), ...values.slice(12)]);
    expect(error({ shape, data: known }, { shape, data })).toBeLessThan(1e-5);
  });

  it("gives PyTorch's loss and gradient, which is 0 for a real pair in the batch", () => {
    const [estimated, known] = [recorded("kernels.estimated"), recorded("kernels.known")];
    const expected = tensorOf(tensors, "kernels.loss").data[0] as number;
    expect(numberIn(kernelTruthLoss(estimated, known)) / expected).toBeCloseTo(1, 5);
    const gradient = gradientOf(estimated, known);
    const data = gradient.dataSync<"float32">();
    expect(
      error({ shape: gradient.shape, data }, tensorOf(tensors, "kernels.gradient")),
    ).toBeLessThan(1e-5);
    expect(data.subarray(data.length / 3, (2 * data.length) / 3).every((v) => v === 0)).toBe(true);
  });

  it("has gradients equal to finite differences", () => {
    const [estimated, known] = [recorded("kernels.estimated"), recorded("kernels.known")];
    const gradient = gradientOf(estimated, known);
    const along = tf.div(gradient, tf.norm(gradient));
    const at = (step: number) =>
      numberIn(kernelTruthLoss(tf.add(estimated, tf.mul(along, step)) as tf.Tensor4D, known));
    const step = 5e-3;
    const expected = numberIn(tf.sum(tf.mul(gradient, along)));
    expect((at(step) - at(-step)) / (2 * step * expected)).toBeCloseTo(1, 2);
  });

  it("is finite for a batch of real pairs alone", () => {
    const estimated = recorded("kernels.estimated");
    const unknown = tf.zerosLike(estimated);
    expect(numberIn(kernelTruthLoss(estimated, unknown))).toBe(0);
    expect(
      gradientOf(estimated, unknown)
        .dataSync()
        .every((v) => v === 0),
    ).toBe(true);
  });

  it("falls while a motion beside the known one comes nearer, although they share no tap", () => {
    const line = (row: number) => {
      const taps = new Float32Array(49);
      for (let i = 1; i < 6; i++) taps[7 * row + i] = 0.2;
      return tf.tensor4d(taps, [1, 1, 1, 49]);
    };
    const errors = [0, 1, 2].map((row) => numberIn(relativeKernelError(line(row), line(3))));
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    expect(new Set(errors).size).toBe(3);
  });
});
