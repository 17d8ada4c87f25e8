/** Compares ⊗ and its gradients with PyTorch and with finite differences, also for kernels shared by cells. */
import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { geometryOf } from "../../../src/model/training/reblur-geometry.ts";
import { reblurByImage, reblurByKernels } from "../../../src/model/training/reblur-gradients.ts";
import {
  correlateOnDevice,
  gradientByImageOnDevice,
  gradientByKernelsOnDevice,
} from "../../../src/model/training/reblur-on-device.ts";
import { prepareTraining } from "../../../src/model/training/trainer.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import { tensorOf } from "../../fixtures/reference.ts";
import { error, pseudoRandom } from "../compare.ts";

const { tensors } = readSafetensors(
  readFileSync(new URL("../../fixtures/reblur-k5.safetensors", import.meta.url)),
);
const ways = { reblurByImage, reblurByKernels };

/** From PyTorch's layout, [c, h, w] or [1, c, h, w] → [1, h, w, c]. */
const mapOf = (name: string): tf.Tensor4D => {
  const { shape, data } = tensorOf(tensors, name);
  const [c = 0, h = 0, w = 0] = shape.slice(-3);
  return tf.transpose(tf.tensor4d(data, [1, c, h, w]), [0, 2, 3, 1]);
};
const random = (shape: [number, number, number, number], seed: number): tf.Tensor4D =>
  tf.tensor4d(pseudoRandom(shape[0] * shape[1] * shape[2] * shape[3], seed), shape);
const numbers = (tensor: tf.Tensor) => ({
  shape: tensor.shape,
  data: tensor.dataSync<"float32">(),
});

beforeAll(() => prepareTraining());

describe.each(Object.entries(ways))("%s", (name, reblur) => {
  it.each(["replicate", "reflect"] as const)("equals PyTorch, edges %s", (border) => {
    const found = reblur(mapOf("image"), mapOf("kernels"), border);
    expect(error(numbers(found), numbers(mapOf(border)))).toBeLessThan(1e-6);
  });

  it("uses the cell's kernel for all its pixels", () => {
    const image = random([2, 8, 12, 3], 1);
    const coarse = random([2, 2, 3, 25], 2);
    const fine = tf.image.resizeNearestNeighbor(coarse, [8, 12]);
    const found = numbers(reblur(image, coarse, "replicate"));
    expect(error(found, numbers(reblur(image, fine, "replicate")))).toBe(0);
  });

  it.each([
    [1, "replicate"],
    [2, "reflect"],
    [4, "replicate"],
  ] as const)(
    "has gradients equal to finite differences, stride %d, edges %s",
    (stride, border) => {
      const image = random([2, 8, 4, 3], 3);
      const kernels = random([2, 8 / stride, 4 / stride, 9], 4);
      const weight = random([2, 8, 4, 3], 5);
      const by = name === "reblurByImage" ? image : kernels;
      const loss = (moved: tf.Tensor4D): tf.Scalar => {
        const [x, field] = by === image ? [moved, kernels] : [image, moved];
        return tf.sum(tf.mul(reblur(x, field, border), weight));
      };
      const gradient = tf.grad(loss as (x: tf.Tensor) => tf.Scalar)(by);
      expect(gradient.shape).toEqual(by.shape);
      // The function is linear in each argument, so finite differences are exact for any step.
      const along = random(by.shape, 6);
      const [here, there, said] = [
        loss(by),
        loss(tf.add(by, along)),
        tf.sum(tf.mul(gradient, along)),
      ].map((scalar) => scalar.dataSync()[0] as number) as [number, number, number];
      expect((there - here) / said).toBeCloseTo(1, 4);
    },
  );

  it("rejects kernels of another image", () => {
    const image = random([1, 8, 8, 3], 1);
    for (const shape of [
      [1, 3, 3, 9],
      [1, 8, 8, 8],
      [2, 8, 8, 9],
      [1, 4, 8, 9],
    ] as const) {
      expect(() => reblur(image, random([...shape], 2), "reflect")).toThrow(RangeError);
    }
  });
});

describe("as tensor operations, for a backend without synchronous reads", () => {
  it.each(["replicate", "reflect"] as const)("it equals PyTorch, edges %s", (border) => {
    const [image, kernels] = [mapOf("image"), mapOf("kernels")];
    const geometry = geometryOf(image.shape, kernels.shape, border);
    const found = correlateOnDevice(image, kernels, geometry);
    expect(error(numbers(found), numbers(mapOf(border)))).toBeLessThan(1e-6);
  });

  it.each([
    [1, "replicate"],
    [2, "reflect"],
    [4, "replicate"],
  ] as const)("it equals the loops, stride %d, edges %s", (stride, border) => {
    const image = random([2, 8, 12, 3], 3);
    const kernels = random([2, 8 / stride, 12 / stride, 25], 4);
    const weight = random([2, 8, 12, 3], 5);
    const geometry = geometryOf(image.shape, kernels.shape, border);
    const loss = (x: tf.Tensor, field: tf.Tensor, reblur: typeof reblurByImage): tf.Scalar =>
      tf.sum(tf.mul(reblur(x as tf.Tensor4D, field as tf.Tensor4D, border), weight));
    const byImage = tf.grad((x: tf.Tensor) => loss(x, kernels, reblurByImage))(image);
    const byKernels = tf.grad((field: tf.Tensor) => loss(image, field, reblurByKernels))(kernels);
    for (const [found, expected] of [
      [correlateOnDevice(image, kernels, geometry), reblurByImage(image, kernels, border)],
      [gradientByImageOnDevice(kernels, weight, geometry), byImage],
      [gradientByKernelsOnDevice(image, weight, geometry), byKernels],
    ] as const) {
      expect(found.shape).toEqual(expected.shape);
      expect(error(numbers(found), numbers(expected))).toBeLessThan(1e-6);
    }
  });
});
