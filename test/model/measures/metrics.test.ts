import { readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { psnr, ssim, ssim3d } from "../../../src/model/measures/metrics.ts";

const folder = new URL("../../fixtures/metrics/", import.meta.url);
const expected: { pair: number; psnr: number; ssim_gaussian: number; ssim_3d: number }[] =
  JSON.parse(readFileSync(new URL("expected.json", folder), "utf8"));

async function samplesOf(name: string) {
  const file = sharp(readFileSync(new URL(name, folder)));
  const { data, info } = await file.raw().toBuffer({ resolveWithObject: true });
  return { data, size: { ...info, peak: 255 } };
}

describe.each(expected)("pair $pair", ({ pair, ...values }) => {
  test("has the PSNR and SSIM of the reference implementations", async () => {
    const { data: a, size } = await samplesOf(`${pair}_ref.png`);
    const { data: b } = await samplesOf(`${pair}_test.png`);
    expect(Math.abs(psnr(a, b, 255) - values.psnr)).toBeLessThan(1e-4);
    expect(Math.abs(ssim(a, b, size) - values.ssim_gaussian)).toBeLessThan(1e-4);
    expect(Math.abs(ssim3d(a, b, size) - values.ssim_3d)).toBeLessThan(1e-4);
  });
});

test("equal images have infinite PSNR and SSIM 1", () => {
  const samples = Uint8Array.from({ length: 12 * 11 * 3 }, (_, i) => (i * 37) % 256);
  const size = { width: 12, height: 11, channels: 3, peak: 255 };
  expect(psnr(samples, samples, 255)).toBe(Infinity);
  expect(ssim(samples, samples, size)).toBeCloseTo(1, 12);
  expect(ssim3d(samples, samples, size)).toBeCloseTo(1, 12);
});

test("metrics do not depend on the unit: 0..1 with peak 1 equals 0..255 with peak 255", async () => {
  const { data: a, size } = await samplesOf("0_ref.png");
  const { data: b } = await samplesOf("0_test.png");
  const [x, y] = [a, b].map((samples) => Float64Array.from(samples, (it) => it / 255)) as [
    Float64Array,
    Float64Array,
  ];
  expect(psnr(x, y, 1)).toBeCloseTo(psnr(a, b, 255), 9);
  expect(ssim(x, y, { ...size, peak: 1 })).toBeCloseTo(ssim(a, b, size), 9);
});

test("sizes that do not match are rejected", () => {
  const size = { width: 10, height: 20, channels: 1, peak: 255 };
  expect(() => psnr([1, 2], [1], 255)).toThrow("received 2, 1");
  expect(() => ssim(new Uint8Array(200), new Uint8Array(200), size)).toThrow("10×20");
  expect(() => ssim3d(new Uint8Array(200), new Uint8Array(100), size)).toThrow("200, 100");
});
