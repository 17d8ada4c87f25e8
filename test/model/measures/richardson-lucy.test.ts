import { expect, test } from "vitest";
import { reblur } from "../../../src/model/blur/reblur.ts";
import { psnr } from "../../../src/model/measures/metrics.ts";
import { plausibleKernel, richardsonLucy } from "../../../src/model/measures/richardson-lucy.ts";
import { laplacianSums, varianceOf } from "../../../src/model/measures/sharpness.ts";

const [width, height] = [48, 40];
const area = width * height;
/** Bars and dots. */
const scene = Float32Array.from({ length: 3 * area }, (_, i) => {
  const [y, x] = [Math.floor(i / width) % height, i % width];
  return 0.2 + 0.6 * Number((x >> 3) % 2 === (y >> 3) % 2);
});
/** An asymmetric stroke: used the wrong way round it would degrade the image. */
const stroke = Float32Array.of(0, 0, 0, 0, 0, 0, 0.5, 0.3, 0.2);

test("an image blurred with a known kernel gets closer to the original", () => {
  const written = Float32Array.from(
    { length: 9 * area },
    (_, i) => stroke[Math.floor(i / area)] as number,
  );
  const blurry = reblur({ width, height, values: scene }, written, {
    kernelSize: 3,
    border: "replicate",
  });
  const restored = richardsonLucy({ width, height, values: blurry }, stroke);
  expect(psnr(restored, scene, 1)).toBeGreaterThan(psnr(blurry, scene, 1) + 5);
  const turned = richardsonLucy({ width, height, values: blurry }, stroke.toReversed());
  expect(psnr(turned, scene, 1)).toBeLessThan(psnr(blurry, scene, 1));
});

test("a kernel of one tap changes nothing", () => {
  const same = richardsonLucy(
    { width, height, values: scene },
    Float32Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0),
  );
  expect(psnr(same, scene, 1)).toBeGreaterThan(120);
});

test("a decoded kernel becomes a physically possible one", () => {
  const kernel = plausibleKernel([-0.2, 0.0004, 1, 3, 0, 0, 0, 0, 0]);
  expect([...kernel]).toEqual([0, 0, 0.25, 0.75, 0, 0, 0, 0, 0]);
  expect(() => plausibleKernel([0, -1])).toThrow("expected a kernel with a positive tap");
});

test("the variance of the Laplacian of a dot equals the value computed by hand", () => {
  const dot = Float64Array.of(0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0);
  // In the inside: −36 at the dot, 9 to its right.
  const sums = laplacianSums(dot, { width: 4, height: 3, channels: 1 }, { start: 0, end: 3 });
  expect(sums).toEqual({ count: 2, sum: 9 - 36, squares: 81 + 1296 });
});

test("sums over bands add up to those of the image; colours are weighted as luma", () => {
  const size = { width: 16, height: 40, channels: 3 };
  const image = scene.subarray(0, 16 * 40 * 3);
  const whole = laplacianSums(image, size, { start: 0, end: 40 });
  const parts = [0, 10, 25].map((start, i) =>
    laplacianSums(image, size, { start, end: [10, 25, 40][i] as number }),
  );
  expect(parts.reduce((sum, part) => sum + part.squares, 0)).toBeCloseTo(whole.squares, 6);
  expect(parts.reduce((sum, part) => sum + part.count, 0)).toBe(whole.count);
  expect(varianceOf(whole)).toBeGreaterThan(0);
  const green = Float64Array.from({ length: 27 }, (_, i) => (i === 13 ? 1 : 0));
  const one = laplacianSums(green, { width: 3, height: 3, channels: 3 }, { start: 0, end: 3 });
  expect(one.sum).toBeCloseTo(-4 * 0.587, 12);
});
