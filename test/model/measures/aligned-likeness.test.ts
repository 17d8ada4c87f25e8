/** Compares the alignment with OpenCV 4.6 on the pairs of fixtures/aligned (see fixtures/README). */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { alignedLikeness } from "../../../src/model/measures/aligned-likeness.ts";
import { AlignmentError, findHomography } from "../../../src/model/measures/homography.ts";
import { warp } from "../../../src/model/measures/warp.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));

async function read(name: string) {
  const { data, info } = await sharp(fixture(name))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { width, height, channels, values: Float32Array.from(data, (level) => level / 255) };
}

/** The corners mapped by a homography. */
function corners(map: ArrayLike<number>, width: number, height: number) {
  const [a, b, c, d, e, f, g, h, i] = Array.from(map) as [
    ...[number, number, number, number, number, number, number, number, number],
  ];
  return [0, 1, 2, 3].map((corner) => {
    const [x, y] = [corner & 1 ? width - 1 : 0, corner & 2 ? height - 1 : 0];
    const w = g * x + h * y + i;
    return { x: (a * x + b * y + c) / w, y: (d * x + e * y + f) / w };
  });
}

describe("alignedLikeness", () => {
  test.each(["0", "2"])("equals OpenCV's homography, PSNR and SSIM for pair %s", async (pair) => {
    const [restored, truth] = [
      await read(`aligned/${pair}_test.png`),
      await read(`metrics/${pair}_ref.png`),
    ];
    const expected = JSON.parse(await readFile(fixture("aligned/expected.json"), "utf8"))[pair];
    const { homography, psnr, ssim } = alignedLikeness(restored, truth);
    const { width, height } = truth;
    const wanted = corners(expected.homography, width, height);
    for (const [i, { x, y }] of corners(homography, width, height).entries()) {
      const { x: wantedX = 0, y: wantedY = 0 } = wanted[i] ?? {};
      expect(Math.hypot(x - wantedX, y - wantedY)).toBeLessThan(0.1);
    }
    expect(Math.abs(psnr - expected.psnr)).toBeLessThan(0.02);
    expect(Math.abs(ssim - expected.ssim)).toBeLessThan(1e-3);
  });

  test("is perfect for an image and its darker copy", async () => {
    const truth = await read("metrics/0_ref.png");
    const darker = { ...truth, values: truth.values.map((value) => value / 2) };
    const { psnr, ssim } = alignedLikeness(darker, truth);
    expect(psnr).toBeGreaterThan(60);
    expect(ssim).toBeGreaterThan(0.9999);
  });
});

describe("findHomography", () => {
  test("fails for an image without structure", () => {
    const size = { width: 24, height: 16 };
    const flat = { ...size, values: new Float32Array(24 * 16).fill(0.5) };
    expect(() => findHomography(flat, flat, 10)).toThrow(AlignmentError);
  });
});

describe("warp", () => {
  test("by whole pixels moves pixels, mirrors the edge and masks the outside", () => {
    const values = Float32Array.from({ length: 20 }, (_, i) => i);
    const map = Float64Array.of(1, 0, 1, 0, 1, 0, 0, 0, 1);
    const moved = warp({ width: 5, height: 4, channels: 1, values }, map);
    expect([...moved.values.subarray(0, 5)]).toEqual([1, 2, 3, 4, 4]);
    expect([...moved.mask.subarray(0, 5)]).toEqual([1, 1, 1, 1, 0]);
  });
});
