/** Tests the built command with a real net and holes in the image: values in a hole change nothing outside it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSamples, type Samples, type SampleType } from "../../src/image/samples.ts";
import { bytesEntry } from "../../src/io/formats/tiff/directory.ts";
import { writeTiff } from "../../src/io/formats/tiff/write/write-tiff.ts";
import type { Pool } from "../../src/io/pool/pool.ts";
import { openPool } from "../../src/io/pool/pool.ts";
import { referenceNets } from "../fixtures/reference.ts";
import { runDeblur } from "../helpers/run-deblur.ts";
import { imageOf, samplesIn } from "../io/formats/tiff/rasters.ts";

const weights = referenceNets()[0]?.weightsPath ?? "";
const width = 112;
const height = 96;

/** A hole over a whole tile and parts of its neighbours, and a spot across four others. */
const isHole = (pixel: number): boolean => {
  const [x, y] = [pixel % width, Math.floor(pixel / width)];
  return (x < 68 && y < 70) || Math.hypot(x - 80, y - 80) < 9;
};

/** Tiles at every 32 pixels. */
const cuts = ["--tile", "64", "--halo", "16"];

/** A valid pixel whose receptive field reaches into the hole. */
const isNear = (pixel: number): boolean =>
  !isHole(pixel) && [-4, 4, -4 * width, 4 * width].some((step) => isHole(pixel + step));

let folder: string;
let pool: Pool;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-nodata-"));
  pool = openPool({
    threads: 1,
    entry: new URL("../../dist/src/pool-worker.js", import.meta.url),
  });
});
afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true });
});

/** Texture between 60 and 180, `inHole` in the hole. */
function samplesWith(
  inHole: number,
  { channels, type }: { channels: number; type: SampleType },
): Samples {
  const samples = createSamples(type, width * height * channels);
  for (let i = 0; i < samples.length; i++) {
    const [pixel, band] = [Math.floor(i / channels), i % channels];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const value =
      120 + 40 * Math.sin(x / (3 + band)) * Math.cos(y / 5) + 20 * (((x >> 3) + (y >> 3)) % 2);
    samples[i] = isHole(pixel) ? inHole : Math.round(value);
  }
  return samples;
}

async function deblur(input: string, output: string, tiling = cuts): Promise<void> {
  const words = [input, "-o", output, "--weights", weights, "--threads", "1", ...tiling, "-q"];
  expect(await runDeblur(words, { cwd: folder })).toEqual({ code: 0, stdout: "", stderr: "" });
}

/** Expects equal outputs outside the hole, restored up to its edge, and each input unchanged inside. */
function expectNoBleeding(
  runs: readonly { readonly input: Samples; readonly output: Samples }[],
  channels: number,
): void {
  const [first] = runs as [(typeof runs)[number]];
  let changedNear = 0;
  for (const { input, output } of runs) {
    const bled: number[] = [];
    const lost: number[] = [];
    for (let i = 0; i < output.length; i++) {
      const pixel = Math.floor(i / channels);
      if (isHole(pixel) ? !Object.is(output[i], input[i]) : false) lost.push(pixel);
      if (!isHole(pixel) && output[i] !== first.output[i]) bled.push(pixel);
      if (isNear(pixel) && output[i] !== input[i]) changedNear++;
    }
    expect({ bled, lost }).toEqual({ bled: [], lost: [] });
  }
  expect(changedNear).toBeGreaterThan(100 * runs.length);
}

describe.each([
  ["float32", 1, [-9999, 0, 255, Number.NaN], cuts],
  ["int16", 3, [-32768, -9999, 32767], cuts],
  ["int16", 3, [-9999, 32767], ["--scale", "2", "--tile", "48", "--halo", "16"]],
  ["float32", 1, [-9999, Number.NaN], ["--scale", "auto"]],
] as [SampleType, number, number[], string[]][])(
  "nodata of %s in %d bands: %j, %j",
  (type, channels, values, tiling) => {
    test("never affects a pixel outside, for any value", async () => {
      const shape = { width, height, channels, sampleType: type };
      const runs = [];
      for (const [i, value] of values.entries()) {
        const input = samplesWith(value, { channels, type });
        const text = Uint8Array.from(Buffer.from(`${Number.isNaN(value) ? "nan" : value}\0`));
        const directory = { entries: [bytesEntry(42113, "ascii", text)], directories: new Map() };
        const form = { compression: "none", planar: false, asStored: false, strip: false } as const;
        const context = { pool, inFlight: 2, signal: new AbortController().signal };
        const [from, to] = ["in", "out"].map(
          (name) => `${type}-${i}-${tiling.length}-${name}.tif`,
        ) as [string, string];
        const origin = { littleEndian: true, directory };
        await writeTiff(join(folder, from), imageOf(input, shape), { ...form, origin }, context);
        await deblur(from, to, tiling);
        runs.push({ input, output: await samplesIn(join(folder, to)) });
      }
      expectNoBleeding(runs, channels);
    });
  },
);

test("keeps the bits of alpha and of the colours it hides, which never affect a visible pixel", async () => {
  const runs = [];
  for (const hidden of [0, 255, 90]) {
    const input = samplesWith(hidden, { channels: 4, type: "uint8" }) as Uint8Array;
    for (let pixel = 0; pixel < width * height; pixel++)
      input[4 * pixel + 3] = isHole(pixel) ? 0 : 255 - (pixel % 7);
    await sharp(input, { raw: { width, height, channels: 4 } })
      .png()
      .toFile(join(folder, `${hidden}.png`));
    await deblur(`${hidden}.png`, `${hidden}-out.png`);
    const output = new Uint8Array(
      await sharp(join(folder, `${hidden}-out.png`))
        .raw()
        .toBuffer(),
    );
    runs.push({ input: input as Uint8Array<ArrayBuffer>, output });
    const alpha = (samples: Uint8Array) => samples.filter((_, i) => i % 4 === 3);
    expect(alpha(output)).toEqual(alpha(input));
  }
  expectNoBleeding(runs, 4);
});
