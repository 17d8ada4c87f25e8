/** Compares the simulated loss of JPEG with files of libjpeg. */
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { type JpegLoss, loseAsJpeg } from "../../../src/model/blur/jpeg.ts";
import { pseudoRandom } from "../compare.ts";

const [width, height] = [48, 32];
const size = width * height;

/** Waves of all colours with a little noise, as levels of 8 bits, [3, height, width]. */
const levels = Float32Array.from(pseudoRandom(3 * size, 3), (noise, i) => {
  const [c, y, x] = [Math.floor(i / size), Math.floor((i % size) / width), i % width];
  return Math.round(128 + 90 * Math.sin(x / (3 + c) + y / (4 + 2 * c)) + 12 * noise);
});

function lost(loss: JpegLoss): Float32Array {
  const values = levels.map((level) => level / 255);
  loseAsJpeg({ width, height, values }, loss);
  return values.map((value) => 255 * value);
}

async function ofFile(quality: number, halfChroma: boolean): Promise<Float32Array> {
  const interleaved = Uint8Array.from(
    levels,
    (_, i) => levels[(i % 3) * size + Math.floor(i / 3)] ?? 0,
  );
  const file = await sharp(interleaved, { raw: { width, height, channels: 3 } })
    .jpeg({ quality, chromaSubsampling: halfChroma ? "4:2:0" : "4:4:4" })
    .toBuffer();
  const samples = await sharp(file).raw().toBuffer();
  return Float32Array.from(levels, (_, i) => samples[3 * (i % size) + Math.floor(i / size)] ?? 0);
}

const rms = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((sum, v, i) => sum + (v - (b[i] as number)) ** 2, 0) / a.length);

describe("the loss of JPEG", () => {
  it.each([
    [30, false],
    [60, false],
    [75, true],
    [90, false],
    [90, true],
    [97, true],
  ])("at quality %i, chroma halved: %s, is that of a file", async (quality, halfChroma) => {
    const file = await ofFile(quality, halfChroma);
    const found = lost({ quality, halfChroma, left: 0, top: 0 });
    // Not equal: libjpeg computes cosines in whole numbers, so that one halfway between two steps may round apart.
    expect(rms(found, file)).toBeLessThan(0.2 * rms(file, levels));
  });

  it("is larger at lower quality", () => {
    const losses = [95, 80, 60].map((quality) =>
      rms(lost({ quality, halfChroma: true, left: 0, top: 0 }), levels),
    );
    expect(losses).toEqual([...losses].sort((a, b) => a - b));
  });

  it("depends on where the blocks begin, and keeps eight bits", () => {
    const [here, there] = [0, 5].map((left) =>
      lost({ quality: 60, halfChroma: true, left, top: 0 }),
    ) as [Float32Array, Float32Array];
    expect(rms(here, there)).toBeGreaterThan(1);
    for (const level of there) expect(Math.abs(level - Math.round(level))).toBeLessThan(1e-4);
  });
});
