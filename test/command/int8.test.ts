/** Tests the built command with int8: calibration, restoration, comparison, and its errors. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rangesField, rangesIn } from "../../src/model/weights/int8-ranges.ts";
import { readSafetensors } from "../../src/model/weights/safetensors.ts";
import { readSafetensorsHeader } from "../../src/model/weights/safetensors-header.ts";
import { writeSafetensors } from "../../src/model/weights/write-safetensors.ts";
import { referenceNets } from "../fixtures/reference.ts";
import { patienceMs, runDeblur } from "../helpers/run-deblur.ts";

const [reference] = referenceNets();
if (!reference) throw new Error("there is no reference net");
const { weightsPath } = reference;

let folder: string;
const at = (name: string) => join(folder, name);
const deblur = (...words: string[]) => runDeblur(words, { cwd: folder });

async function done(...words: string[]): Promise<string> {
  const { code, stderr } = await deblur(...words);
  expect(code, stderr).toBe(0);
  return stderr;
}

/** A picture with edges and texture. */
async function writePattern(name: string, width: number, height: number): Promise<void> {
  const values = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    const wave = 70 * Math.sin(x / (3 + c)) * Math.cos(y / 5);
    return 128 + wave + (((x >> 4) + (y >> 4)) % 4) * 10;
  });
  await sharp(values, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(at(name));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-int8-"));
  await writePattern("in.png", 96, 80);
  await done(
    "calibrate",
    "in.png",
    "--weights",
    weightsPath,
    "-o",
    "w.safetensors",
    "--tile",
    "64",
  );
}, patienceMs);
afterAll(() => rm(folder, { recursive: true }));

describe("deblur calibrate", () => {
  test("keeps the tensors byte for byte, and adds ranges for both poolings", async () => {
    const [before, after] = [await readFile(weightsPath), await readFile(at("w.safetensors"))];
    const { metadata } = readSafetensorsHeader(after);
    const [one, other] = [readSafetensors(before), readSafetensors(after)];
    expect([...other.tensors.keys()].sort()).toEqual([...one.tensors.keys()].sort());
    expect(other.dtypes).toEqual(one.dtypes);
    for (const [name, { data, shape }] of one.tensors) {
      expect(other.tensors.get(name)?.shape, name).toEqual(shape);
      expect(Buffer.compare(asBytes(other.tensors.get(name)?.data), asBytes(data)), name).toBe(0);
    }
    const { [rangesField]: field, ...rest } = metadata;
    expect(rest).toEqual(one.metadata);
    const ranges = rangesIn({ [rangesField]: field ?? "" });
    expect([...(ranges?.keys() ?? [])].sort()).toEqual([
      "estimate-kernels",
      "restore global",
      "restore tlc",
    ]);
    expect(ranges?.get("restore tlc")?.ranges.length).toBeGreaterThan(20);
  });

  test("writes the same bytes twice, and replaces a file only with --force", async () => {
    const words = ["calibrate", "in.png", "--weights", weightsPath, "--tile", "64"];
    await done(...words, "-o", "again.safetensors");
    expect(await readFile(at("again.safetensors"))).toEqual(await readFile(at("w.safetensors")));
    const { code, stderr } = await deblur(...words, "-o", "w.safetensors");
    expect(code).toBe(73);
    expect(stderr).toMatch(/^deblur: w\.safetensors: [^\n]*exists[^\n]*\n$/);
  });

  test("leaves nothing behind if an input is no picture", async () => {
    await writeFile(at("none.png"), "no picture");
    const { code, stderr } = await deblur(
      ...["calibrate", "in.png", "none.png", "--weights", weightsPath, "-o", "x.safetensors"],
    );
    expect(code).toBe(65);
    expect(stderr).toMatch(/^deblur: none\.png: [^\n]*\n$/);
    expect(existsSync(at("x.safetensors"))).toBe(false);
  });
});

function asBytes(values: Float32Array = new Float32Array()): Uint8Array {
  const { buffer, byteOffset, byteLength } = values;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Samples of 16 bits, 0..1. */
async function samples(name: string): Promise<Float64Array> {
  const raw = await sharp(at(name)).toColourspace("rgb16").raw({ depth: "ushort" }).toBuffer();
  const values = new Uint16Array(raw.buffer, raw.byteOffset, raw.byteLength / 2);
  return Float64Array.from(values, (value) => value / 65_535);
}

async function psnrOf(one: string, other: string): Promise<number> {
  const [a, b] = [await samples(one), await samples(other)];
  const squares = a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0);
  return 10 * Math.log10(a.length / squares);
}

describe.each(["tlc", "global"])("int8 with pooling %s", (pooling) => {
  const words = (precision: string, out: string) => [
    ...["in.png", "-o", out, "--weights", "w.safetensors", "--pooling", pooling],
    ...["--bits", "16", "--tile", "64", "--halo", "16", "--precision", precision],
  ];

  test("differs from float32, but slightly; gives the same bytes twice", async () => {
    const [exact, one, two] = ["float32", "one", "two"].map((name) => `${name}-${pooling}.png`);
    if (!exact || !one || !two) throw new Error("three names");
    await done(...words("float32", exact));
    expect(await done(...words("int8", one))).toContain("engine onnx (int8)");
    await done(...words("int8", two));
    expect(await readFile(at(two))).toEqual(await readFile(at(one)));
    const change = await psnrOf("in.png", exact);
    const price = await psnrOf(one, exact);
    expect(price).toBeLessThan(90);
    expect(price).toBeGreaterThan(Math.max(40, change + 15));
  });
});

describe("refuses in one line", () => {
  const refused = async (code: number, line: RegExp, ...words: string[]) => {
    const ended = await deblur(...words);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toMatch(line);
    expect(existsSync(at("x.png"))).toBe(false);
  };
  const int8 = ["in.png", "-o", "x.png", "--precision", "int8"];

  test("weights that were never calibrated, with the command that does it", () =>
    refused(
      69,
      /^deblur: (\S+): no ranges for int8 \(restore tlc\); calibrate first: deblur calibrate PICTURES --weights \1 -o OUT\.safetensors\n$/,
      ...[...int8, "--weights", weightsPath],
    ));

  test.each(["tfjs-wasm", "onnx-cuda", "copy"])("another engine: %s", (engine) =>
    refused(
      2,
      new RegExp(
        `^deblur: Expected onnx for --engine with --precision int8 but received ${engine}\\. Try deblur --help\\.\\n$`,
      ),
      ...[...int8, "--weights", "w.safetensors", "--engine", engine],
    ),
  );

  test("another precision", () =>
    refused(
      2,
      /^deblur: Expected [^\n]*float32[^\n]*int8[^\n]*\n$/,
      ...["in.png", "-o", "x.png", "--precision", "int4"],
    ));

  test("malformed ranges, or those of another net", async () => {
    const { tensors, metadata } = readSafetensors(await readFile(at("w.safetensors")));
    const write = (name: string, ranges: string) =>
      writeFile(at(name), writeSafetensors(tensors, { ...metadata, [rangesField]: ranges }, "F32"));
    await write("hostile.safetensors", '{"restore tlc":["0123456789abcdef",0,"1",0,1]}');
    await refused(
      65,
      /^deblur: hostile\.safetensors: expected int8_ranges to be [^\n]*\n$/,
      ...[...int8, "--weights", "hostile.safetensors"],
    );
    const ranges = metadata[rangesField] ?? "";
    await write("other.safetensors", ranges.replace(/("restore tlc":\[")[0-9a-f]{4}/, "$10000"));
    await refused(
      69,
      /^deblur: the ranges for int8 were calibrated by another version [^\n]*; calibrate the weights again\n$/,
      ...[...int8, "--weights", "other.safetensors"],
    );
  });
});

test("does not resume a run planned with int8 in float32", async () => {
  const plan = ["plan", "in.png", "-o", "run", "--weights", "w.safetensors", "--halo", "16"];
  await done(...plan, "--precision", "int8");
  const { code, stderr } = await deblur(...plan);
  expect(code).toBe(73);
  expect(stderr).toContain("was planned with precision int8, not float32");
});
