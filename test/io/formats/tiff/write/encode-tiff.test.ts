import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import sharp from "sharp";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { plainRadiometry } from "../../../../../src/image/radiometry.ts";
import type { Samples } from "../../../../../src/image/samples.ts";
import type { TiffTags } from "../../../../../src/io/formats/tiff/carried-tags.ts";
import {
  bytesEntry,
  entryOf,
  type TiffEntry,
} from "../../../../../src/io/formats/tiff/directory.ts";
import { imagesIn } from "../../../../../src/io/formats/tiff/read/pages.ts";
import { readSoundDirectories } from "../../../../../src/io/formats/tiff/read/read-directories.ts";
import { readTiffTags } from "../../../../../src/io/formats/tiff/read/read-tags.ts";
import type { TiffWishes } from "../../../../../src/io/formats/tiff/write/encode-tiff.ts";
import { openPool, type Pool } from "../../../../../src/io/pool/pool.ts";
import {
  openRasterSink,
  type RasterSink,
  type RasterSinkOptions,
} from "../../../../../src/io/sinks/raster-sink.ts";
import { openFileBytes } from "../../../../../src/io/system/file-bytes.ts";
import { firstDifference, temporaryFolder } from "../../../sources/images.ts";
import { imageIn, imageOf, noiseOf, type Shape, samplesIn, sampleTypes } from "../rasters.ts";

const entry = new URL("../../../../../dist/src/pool-worker.js", import.meta.url);
const signal = new AbortController().signal;

const pool = openPool({ threads: 2, entry });
afterAll(() => pool.close());

const small: Shape = { width: 530, height: 70, channels: 3, sampleType: "uint8" };

/** A sink for `shape`, everything written but nothing finished. */
async function filled(
  shape: Shape,
  options: Partial<RasterSinkOptions> = {},
): Promise<{ sink: RasterSink; samples: Samples; path: string; parent: string; folder: string }> {
  const parent = await temporaryFolder();
  const folder = join(parent, ".run");
  await mkdir(folder);
  const path = join(parent, "out.tif");
  const { width, height, channels, sampleType } = shape;
  const sink = await openRasterSink(path, {
    ...{ width, height, channels, sampleType, folder, pool },
    radiometry: plainRadiometry(channels, sampleType),
    format: "tiff",
    metadata: {},
    force: false,
    ...options,
  });
  onTestFinished(() => sink.close());
  const samples = noiseOf(shape);
  const image = imageOf(samples, shape);
  for (let y = 0; y < height; y += 50) {
    const rect = { x: 0, y, width, height: Math.min(50, height - y) };
    const source = await image.read(rect, { signal });
    const residual = new Float32Array(3 * rect.width * rect.height);
    await sink.write({ rect, source, residual }, { signal });
  }
  return { sink, samples, path, parent, folder };
}

const tagsWith = (...entries: TiffEntry[]): TiffTags => ({
  littleEndian: true,
  directory: { entries, directories: new Map() },
});
const short = (tag: number, ...values: number[]) => entryOf(tag, "short", values, true);
const onEarth = entryOf(33550, "double", [10, 10, 0], true);

test.each(
  sampleTypes.flatMap((sampleType) => [1, 5].map((channels) => ({ sampleType, channels }))),
)("$channels × $sampleType: no change gives equal samples", async (kind) => {
  const { sink, samples, path } = await filled({ ...small, ...kind });
  await sink.finish({ signal });
  expect(firstDifference(await samplesIn(path), samples)).toBeUndefined();
});

interface Case {
  readonly name: string;
  readonly shape?: Shape;
  readonly tiff: TiffWishes;
  readonly is: object;
}

describe("the arrangement", () => {
  const facts = async (path: string) => {
    const { fileDirectory } = await imageIn(path);
    return {
      compression: fileDirectory.getValue("Compression"),
      planar: fileDirectory.getValue("PlanarConfiguration"),
      photometric: fileDirectory.getValue("PhotometricInterpretation"),
      extra: [...((await fileDirectory.loadValue("ExtraSamples")) ?? [])],
    };
  };
  const deflated = { compression: 8, planar: 1, photometric: 2, extra: [] };
  const four = { ...small, channels: 4 };

  const cases: readonly Case[] = [
    { name: "of a photograph", tiff: {}, is: deflated },
    { name: "asked for", tiff: { compression: "none" }, is: { ...deflated, compression: 1 } },
    {
      name: "of an uncompressed GeoTIFF",
      tiff: { origin: tagsWith(onEarth, short(259, 1), short(284, 2)) },
      is: { ...deflated, compression: 1, planar: 2 },
    },
    {
      name: "of a GeoTIFF of another compression",
      tiff: { origin: tagsWith(onEarth, short(259, 5)) },
      is: deflated,
    },
    {
      name: "of an uncompressed photograph",
      tiff: { origin: tagsWith(short(259, 1)) },
      is: deflated,
    },
    {
      name: "of samples as they were stored",
      shape: four,
      tiff: { asStored: true, origin: tagsWith(short(262, 1), short(277, 4), short(338, 0, 0, 1)) },
      is: { ...deflated, photometric: 1, extra: [0, 0, 1] },
    },
    {
      name: "of samples a decoder made",
      shape: four,
      tiff: { origin: tagsWith(short(262, 1), short(277, 4), short(338, 0, 0, 1)) },
      is: { ...deflated, extra: [2] },
    },
  ];

  test.each(cases)("$name", async ({ tiff, is, shape = small }) => {
    const { sink, samples, path } = await filled(shape, { tiff });
    await sink.finish({ signal });
    expect(await facts(path)).toEqual(is);
    expect(firstDifference(await samplesIn(path), samples)).toBeUndefined();
  });
});

test("entries of the source are in the output byte for byte, in its byte order", async () => {
  for (const littleEndian of [true, false]) {
    const maker = bytesEntry(271, "ascii", Uint8Array.from(Buffer.from("Me\0")));
    const scale = entryOf(33550, "double", [0.1, 0.2, 0.3], littleEndian);
    const below = {
      entries: [bytesEntry(37500, "undefined", Uint8Array.from(Buffer.from("a maker's note")))],
      directories: new Map(),
    };
    const directory = { entries: [maker, scale], directories: new Map([[34665, below]]) };
    const { sink, samples, path } = await filled(
      { ...small, sampleType: "uint16" },
      { tiff: { origin: { littleEndian, directory } } },
    );
    await sink.finish({ signal });
    const found = await readTiffTags(path);
    expect(found?.littleEndian).toBe(littleEndian);
    expect(found?.directory.entries).toEqual(expect.arrayContaining([maker, scale]));
    expect(found?.directory.directories.get(34665)).toEqual(below);
    const { fileDirectory } = await imageIn(path);
    expect([...(fileDirectory.getValue("ModelPixelScale") ?? [])]).toEqual([0.1, 0.2, 0.3]);
    expect(firstDifference(await samplesIn(path), samples)).toBeUndefined();
  }
});

test("a mask is written beside the picture, a bit a pixel", async () => {
  const shape: Shape = { ...small, channels: 1 };
  const valid = Uint8Array.from(noiseOf(shape, 9), (value) => value & 1);
  const { sink, samples, path } = await filled(shape, {
    tiff: { valid: imageOf(noiseOf(shape), shape, valid) },
  });
  await sink.finish({ signal });
  expect(firstDifference(await samplesIn(path), samples)).toBeUndefined();
  const mask = await imageIn(path, 1);
  expect(mask.fileDirectory.getValue("NewSubfileType")).toBe(4);
  expect(mask.getBitsPerSample()).toBe(1);
  expect(Uint8Array.from(await samplesIn(path, 1))).toEqual(valid);
  const bytes = await openFileBytes(path);
  try {
    const { layout, mask: found } = imagesIn(await readSoundDirectories(bytes), bytes.size);
    expect(found).toMatchObject({ bits: 1, width: layout.width, height: layout.height });
  } finally {
    await bytes.close();
  }
});

describe("an encoding that does not end", () => {
  /** A pool that takes a while for a tile, once `onTile` has heard of it. */
  const slow = (onTile: () => void): Pool => ({
    ...pool,
    async run(task, job, moved) {
      if (task === "encodeTiffTile") {
        onTile();
        await setTimeout(20);
      }
      return pool.run(task, job, moved);
    },
  });

  test("because it is aborted leaves nothing", async () => {
    const during = new AbortController();
    const aborting = slow(() => during.abort());
    const { sink, parent, folder } = await filled(small, { pool: aborting });
    const finishing = sink.finish({ signal: during.signal });
    await expect(finishing).rejects.toThrow("aborted");
    expect(await readdir(parent)).toEqual([".run"]);
    await sink.close();
    expect(await readdir(folder)).toEqual([]);
  });

  test("because the sink is closed under it leaves nothing and harms no other file", async () => {
    const during = new AbortController();
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const { sink, parent, folder } = await filled(small, { pool: slow(begin) });
    const finishing = sink.finish({ signal: during.signal }).catch((error: unknown) => error);
    await begun;
    during.abort();
    await sink.close();
    expect(await readdir(parent)).toEqual([".run"]);
    expect(await readdir(folder)).toEqual([]);
    expect(String(await finishing)).toContain("aborted");
  });

  test("because the disk is full is an IoError naming the output, and leaves nothing", async () => {
    const full: Pool = {
      ...pool,
      async run(task, job, moved) {
        if (task !== "readRows") return pool.run(task, job, moved);
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), {
          code: "ENOSPC",
        });
      },
    };
    const { sink, path, parent } = await filled(small, { pool: full });
    await expect(sink.finish({ signal })).rejects.toMatchObject({
      _tag: "IoError",
      exitCode: 74,
      message: `${path}: no space left on device`,
    });
    expect(await readdir(parent)).toEqual([".run"]);
  });
});

test("stripped, the words are gone and the place on earth is there", async () => {
  const maker = bytesEntry(271, "ascii", Buffer.from("Somebody\0"));
  const { sink, path } = await filled(small, {
    stripMetadata: true,
    tiff: { origin: tagsWith(maker, onEarth) },
  });
  await sink.finish({ signal });
  const found = await readTiffTags(path);
  expect(found?.directory.entries).toContainEqual(onEarth);
  expect((await readFile(path)).includes("Somebody")).toBe(false);
});

describe("a pyramid", () => {
  const page: Shape = { width: 600, height: 300, channels: 3, sampleType: "uint16" };

  test.each([
    { channels: 3, suffix: "jpeg" },
    { channels: 4, suffix: "png" },
  ])("of $channels channels is beside the output, in tiles of $suffix", async (kind) => {
    const { channels, suffix } = kind;
    const { sink, parent } = await filled({ ...page, channels }, { pyramid: "dzi" });
    await sink.finish({ signal });
    await sink.close();
    expect((await readdir(parent)).sort()).toEqual([".run", "out.dzi", "out.tif", "out_files"]);
    expect(await readdir(join(parent, ".run"))).toEqual([]);
    const description = await readFile(join(parent, "out.dzi"), "utf8");
    expect(description).toMatch(/TileSize="254"/);
    expect(description).toMatch(/Overlap="1"/);
    expect(description).toMatch(/Width="600"/);
    // 2¹⁰ is the first power of two above the longer side.
    const levels = await readdir(join(parent, "out_files"));
    expect(levels.sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 11 }, (_, level) => String(level)),
    );
    expect((await readdir(join(parent, "out_files", "10"))).sort()).toEqual(
      ["0_0", "0_1", "1_0", "1_1", "2_0", "2_1"].map((name) => `${name}.${suffix}`),
    );
    const tile = await sharp(join(parent, "out_files", "10", `1_0.${suffix}`)).metadata();
    expect(tile).toMatchObject({ width: 256, height: 255, depth: "uchar", space: "srgb" });
  });

  test("that exists stays as it is without force, and nothing else appears", async () => {
    const { sink, parent } = await filled(page, { pyramid: "dzi" });
    await mkdir(join(parent, "out_files"));
    await expect(sink.finish({ signal })).rejects.toMatchObject({ _tag: "OutputError" });
    await sink.close();
    expect((await readdir(parent)).sort()).toEqual([".run", "out_files"]);
    expect(await readdir(join(parent, ".run"))).toEqual([]);
  });

  test("goes again where the picture cannot be published", async () => {
    const { sink, path, parent } = await filled(page, { pyramid: "dzi" });
    await writeFile(path, "mine");
    await expect(sink.finish({ signal })).rejects.toMatchObject({ _tag: "OutputError", path });
    await sink.close();
    expect((await readdir(parent)).sort()).toEqual([".run", "out.tif"]);
    expect(await readFile(path, "utf8")).toBe("mine");
  });

  test("of more channels than a viewer shows is refused before any work", async () => {
    const five = filled({ ...page, channels: 5 }, { pyramid: "dzi" });
    await expect(five).rejects.toThrow("for a pyramid but the picture has 5 of uint16");
  });
});
