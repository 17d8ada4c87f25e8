/** Tests what deconvolution promises, with known kernels: it undoes blur, and changes nothing else. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Graph } from "../../../src/model/graph/graph.ts";
import { buildNet } from "../../../src/model/nets/build-net.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import type { Tensor, Weights } from "../../../src/model/weights/weights.ts";
import { tensorOf } from "../../fixtures/reference.ts";
import { consumers } from "../consumers.ts";

const fixture = (name: string) =>
  readSafetensors(
    readFileSync(new URL(`../../fixtures/spectral-micro-k7.${name}.safetensors`, import.meta.url)),
  );
const file = fixture("weights");
const sharp = tensorOf(fixture("outputs").tensors, "image");
const deconvolve = buildNet(file, "global").graphs.deconvolve as Graph;
const [height, width] = [64, 80];
const [side, reach] = [7, 3];

/** Weak regularisation, the same for every σ. */
const weights: Weights = new Map([
  ["deconvolution.regularisation", { shape: [3], data: Float32Array.of(-7, 0, -7) }],
]);

/** blurry(p) = Σ_d K(d)·sharp(p + d), edges repeated (the paper's ⊗). */
function blur(kernel: Float32Array): Tensor {
  const clamp = (at: number, size: number) => Math.min(size - 1, Math.max(0, at));
  const data = sharp.data.map((_, i) => {
    const [channel, pixel] = [Math.floor(i / (height * width)), i % (height * width)];
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    return kernel.reduce((sum, share, tap) => {
      const row = clamp(y + Math.floor(tap / side) - reach, height);
      const column = clamp(x + (tap % side) - reach, width);
      return sum + share * (sharp.data[(channel * height + row) * width + column] as number);
    }, 0);
  });
  return { data, shape: sharp.shape };
}

async function changeOf(image: Tensor, kernel: Float32Array): Promise<Float32Array> {
  const cells = (height / 16) * (width / 16);
  const kernels = Float32Array.from(
    { length: side ** 2 * cells },
    (_, i) => kernel[Math.floor(i / cells)] as number,
  );
  const { change } = await consumers.onnx(deconvolve, weights, {
    image,
    kernels: { data: kernels, shape: [1, side ** 2, height / 16, width / 16] },
    sigma: { data: new Float32Array(cells).fill(0.5), shape: [1, 1, height / 16, width / 16] },
  });
  return change?.data as Float32Array;
}

/** Mean square of the difference to the sharp image, without the 12 pixels at the border. */
function errorOf(image: Float32Array): number {
  const inside = [...image.keys()].filter((i) => {
    const [y, x] = [Math.floor(i / width) % height, i % width];
    return Math.min(y, height - 1 - y, x, width - 1 - x) >= 12;
  });
  const square = (i: number) => ((image[i] as number) - (sharp.data[i] as number)) ** 2;
  return inside.reduce((sum, i) => sum + square(i), 0) / inside.length;
}

/** A bent stroke with unequal ends. */
const stroke = new Float32Array(side ** 2);
for (const [tap, share] of [
  [8, 0.1],
  [16, 0.2],
  [24, 0.25],
  [25, 0.25],
  [33, 0.2],
] as const) {
  stroke[tap] = share;
}

describe("deconvolution", () => {
  test("undoes most of the blur of a known kernel", async () => {
    const blurry = blur(stroke);
    const change = await changeOf(blurry, stroke);
    const restored = blurry.data.map((value, i) => value + (change[i] as number));
    expect(errorOf(restored)).toBeLessThan(0.1 * errorOf(blurry.data));
  });

  test("does worse with the kernel's mirror image: orientation is the paper's", async () => {
    const blurry = blur(stroke);
    const [right, wrong] = await Promise.all(
      [stroke, stroke.toReversed()].map((kernel) => changeOf(blurry, kernel)),
    );
    const errorWith = (change: Float32Array | undefined) =>
      errorOf(blurry.data.map((value, i) => value + (change?.[i] as number)));
    expect(errorWith(wrong)).toBeGreaterThan(3 * errorWith(right));
  });

  test("changes nothing where there is nothing to change: one grey, for any kernel of any sum", async () => {
    const grey = { data: new Float32Array(3 * height * width).fill(0.7), shape: sharp.shape };
    const change = await changeOf(
      grey,
      stroke.map((share) => 1.3 * share),
    );
    expect(Math.max(...change.map(Math.abs))).toBeLessThan(1e-6);
  });
});
