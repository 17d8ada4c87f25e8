/** Compares the loss of Fourier transforms and its gradients with PyTorch and with finite differences. */
import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { fftLoss } from "../../../src/model/training/fft-loss.ts";
import { prepareTraining } from "../../../src/model/training/trainer.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import { tensorOf } from "../../fixtures/reference.ts";
import { error, pseudoRandom } from "../compare.ts";
import "../consumers.ts";

const { tensors } = readSafetensors(
  readFileSync(new URL("../../fixtures/training-losses.safetensors", import.meta.url)),
);
type Shape = [number, number, number, number];
const recorded = (name: string): tf.Tensor4D => {
  const { shape, data } = tensorOf(tensors, name);
  return tf.tensor4d(data, [...shape] as Shape);
};
const random = (shape: Shape, seed: number): tf.Tensor4D =>
  tf.tensor4d(pseudoRandom(shape[0] * shape[1] * shape[2] * shape[3], seed), shape);
const numberIn = (scalar: tf.Tensor): number => scalar.dataSync()[0] as number;

describe.each(["wasm", "cpu"])("the loss of Fourier transforms on %s", (backend) => {
  beforeAll(async () => {
    await prepareTraining();
    await tf.setBackend(backend);
  });

  it("equals PyTorch's, and so does its gradient", () => {
    const [a, b] = [recorded("fft.a"), recorded("fft.b")];
    const expected = tensorOf(tensors, "fft.loss").data[0] as number;
    expect(numberIn(fftLoss(a, b)) / expected).toBeCloseTo(1, 5);
    const gradient = tf.grad((x: tf.Tensor) => fftLoss(x as tf.Tensor4D, b))(a);
    const found = { shape: gradient.shape, data: gradient.dataSync<"float32">() };
    expect(error(found, tensorOf(tensors, "fft.gradient"))).toBeLessThan(1e-5);
  });

  it("has gradients equal to finite differences at the side of a patch", () => {
    const [a, b] = [random([1, 96, 96, 3], 1), random([1, 96, 96, 3], 2)];
    // The gradient itself is the direction with the largest change; rounding then matters least.
    const gradient = tf.grad((x: tf.Tensor) => fftLoss(x as tf.Tensor4D, b))(a);
    const at = (step: number) => numberIn(fftLoss(tf.add(a, tf.mul(gradient, step)), b));
    const squared = numberIn(tf.sum(tf.square(gradient)));
    const step = 20;
    expect((at(step) - at(-step)) / (2 * step * squared)).toBeCloseTo(1, 2);
  });

  it("of equal images is 0, and of constants the same for all sides", () => {
    const image = random([2, 16, 32, 3], 3);
    expect(numberIn(fftLoss(image, image))).toBe(0);
    // A difference of 1 has one number other than 0, √(height · width), among 2 · height · width.
    for (const side of [16, 64])
      expect(
        numberIn(fftLoss(tf.ones([1, side, side, 1]), tf.zeros([1, side, side, 1]))),
      ).toBeCloseTo(1 / (2 * side), 4);
  });
});
