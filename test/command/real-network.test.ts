/** Tests the built command with real nets: the authors' picture, seams, order, cancellation, broken weights. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deblurFile } from "../../dist/src/pipeline/run/deblur-file.js";
import { readSafetensors } from "../../src/model/weights/safetensors.ts";
import { writeSafetensors } from "../../src/model/weights/write-safetensors.ts";
import { referenceNets, tensorOf } from "../fixtures/reference.ts";
import { countWorkers } from "../helpers/live-workers.ts";
import { runDeblur } from "../helpers/run-deblur.ts";

const reference = referenceNets()[0];
if (!reference) throw new Error("there is no reference net");
const { io, weightsPath } = reference;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-real-"));
});
afterAll(() => rm(folder, { recursive: true }));

const at = (name: string) => join(folder, name);

async function deblur(...words: string[]): Promise<string> {
  const { code, stderr } = await runDeblur(words, { cwd: folder });
  expect(code, stderr).toBe(0);
  return stderr;
}

/** Returns the samples as stored, channels interleaved. */
const samples = (name: string) => sharp(at(name), { ignoreIcc: true }).raw().toBuffer();

function range(values: Uint8Array): { min: number; max: number } {
  return values.reduce(
    ({ min, max }, value) => ({ min: Math.min(min, value), max: Math.max(max, value) }),
    { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY },
  );
}

/** A picture with edges and texture, so that tiles differ. */
async function writePattern(name: string, width: number, height: number): Promise<void> {
  const values = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    const wave = 60 * Math.sin(x / (5 + c)) * Math.cos(y / 7);
    return 128 + wave + ((x >> 4) + (y >> 4)) * 2;
  });
  await sharp(values, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(at(name));
}

test("writes the authors' picture to 3e-4 with 16 bits", async () => {
  const { data, shape } = tensorOf(io, "input");
  const [, , height = 0, width = 0] = shape;
  const cells = width * height;
  const wide = Uint16Array.from({ length: 3 * cells }, (_, i) =>
    Math.round(65535 * (data[(i % 3) * cells + Math.floor(i / 3)] as number)),
  );
  await sharp(wide, { raw: { width, height, channels: 3 } })
    .toColourspace("rgb16")
    .png()
    .toFile(at("in16.png"));
  await deblur(
    "in16.png",
    "-o",
    "out16.png",
    "--weights",
    weightsPath,
    "--bits",
    "16",
    "--pooling",
    "global",
  );
  const out = await sharp(at("out16.png"))
    .toColourspace("rgb16")
    .raw({ depth: "ushort" })
    .toBuffer();
  const restored = new Uint16Array(out.buffer, out.byteOffset, out.byteLength / 2);
  const expected = tensorOf(io, "output.noise_free").data;
  const errors = restored.map((value, i) => {
    const truth = expected[(i % 3) * cells + Math.floor(i / 3)] as number;
    return Math.abs(value / 65535 - truth) * 1e6;
  });
  expect(restored).toHaveLength(3 * cells);
  expect(Math.max(...errors) / 1e6).toBeLessThanOrEqual(3e-4);
});

test("shows no tiles in a constant picture: within one level of the whole, and of itself inside", async () => {
  const [width, height, margin] = [320, 240, 64];
  await sharp({ create: { width, height, channels: 3, background: { r: 90, g: 140, b: 220 } } })
    .png()
    .toFile(at("flat.png"));
  await deblur("flat.png", "-o", "flat-tiles.png", "--tile", "128", "--halo", "16");
  await deblur("flat.png", "-o", "flat-whole.png", "--tile", "320", "--halo", "0");
  const tiles = await samples("flat-tiles.png");
  const whole = await samples("flat-whole.png");
  const differences = tiles.map((value, i) => Math.abs(value - (whole[i] as number)));
  expect(range(differences).max).toBeLessThanOrEqual(1);
  const inside = tiles.filter((_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return i % 3 === 0 && x >= margin && y >= margin && x < width - margin && y < height - margin;
  });
  const { min, max } = range(inside);
  expect(max - min).toBeLessThanOrEqual(1);
});

test("gives the same bytes with one tile in flight, with four, and again", async () => {
  await writePattern("pattern.png", 300, 200);
  const outputs = ["one", "four", "again"].map((name) => `${name}.png`);
  for (const [output, inFlight] of [
    [outputs[0], "1"],
    [outputs[1], "4"],
    [outputs[2], "4"],
  ] as [string, string][]) {
    await deblur(
      "pattern.png",
      "-o",
      output,
      "--tile",
      "96",
      "--halo",
      "16",
      "--in-flight",
      inFlight,
    );
  }
  const [one, four, again] = await Promise.all(outputs.map((name) => readFile(at(name))));
  expect(four).toEqual(one);
  expect(again).toEqual(one);
  expect(await samples("one.png")).not.toEqual(await samples("pattern.png"));
});

describe("weights with a wrong result fail before a pixel is written", () => {
  const ending = "ending.bias";
  test.each([
    ["not finite", Number.NaN, "not finite"],
    ["far off", 0.9, "residual RMS"],
  ])("%s", async (name, bias, message) => {
    const stored = readSafetensors(await readFile(weightsPath));
    const tensors = new Map(stored.tensors);
    // 1e38 overflows when it is multiplied; the reader of weights would refuse NaN itself.
    const weight = tensorOf(tensors, "ending.weight");
    tensors.set(ending, {
      shape: [3],
      data: new Float32Array(3).fill(Number.isNaN(bias) ? 0 : bias),
    });
    if (Number.isNaN(bias)) {
      tensors.set("ending.weight", {
        ...weight,
        data: weight.data.map((v) => Math.sign(v) * 3e38),
      });
    }
    await writeFile(at("bad.safetensors"), writeSafetensors(tensors, stored.metadata, "F32"));
    await writePattern("p.png", 100, 70);
    const { code, stderr } = await runDeblur(
      [
        "p.png",
        "-o",
        "bad.png",
        "--weights",
        "bad.safetensors",
        "--tile",
        "64",
        "--halo",
        "16",
        "-q",
      ],
      { cwd: folder },
    );
    expect(code, name).toBe(1);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(/tile \d+×\d+ at \(\d+, \d+\), stage deblur: /);
    expect(stderr).toContain(message);
    expect((await readdir(folder)).filter((file) => file.includes("bad.png"))).toEqual([]);
  });
});

test("ends at once when cancelled at any tile, and leaves no thread, file or folder", async () => {
  // 28 tiles: a run of more than 32 would keep its tiles.
  await writePattern("cancel.png", 256, 160);
  const options = { weights: weightsPath, tile: 64, halo: 16, force: true };
  const workers = countWorkers();
  for (let tile = 0; tile <= 24; tile += 2) {
    const stop = new AbortController();
    const reason = new Error("stop");
    const context = {
      signal: stop.signal,
      onProgress({ tilesDone }: { readonly tilesDone: number }) {
        if (tilesDone === tile) stop.abort(reason);
      },
    };
    const run = deblurFile(at("cancel.png"), at("cancelled.png"), options, context);
    // While the engine and the image's ends are opened.
    if (tile === 0) stop.abort(reason);
    await expect(run).rejects.toBe(reason);
    expect((await readdir(folder)).filter((file) => file.includes("cancelled.png"))).toEqual([]);
    expect(workers.live()).toBe(0);
  }
  workers.stop();
});
