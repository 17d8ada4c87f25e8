/** Tests TIFF as input and output of the built command. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bytesEntry, entryOf } from "../../src/io/formats/tiff/directory.ts";
import { readDirectories } from "../../src/io/formats/tiff/read/read-directories.ts";
import { readTiffTags } from "../../src/io/formats/tiff/read/read-tags.ts";
import { writeTiff } from "../../src/io/formats/tiff/write/write-tiff.ts";
import { openPool } from "../../src/io/pool/pool.ts";
import { bytesInMemory } from "../../src/io/system/bytes.ts";
import { runDeblur } from "../helpers/run-deblur.ts";
import { imageIn, imageOf, noiseOf, type Shape, samplesIn } from "../io/formats/tiff/rasters.ts";

const entry = new URL("../../dist/src/pool-worker.js", import.meta.url);
const shape: Shape = { width: 700, height: 90, channels: 3, sampleType: "uint8" };

const ofPlace = [
  entryOf(33550, "double", [10, 10, 0], true),
  entryOf(33922, "double", [0, 0, 0, 440720, 3751320, 0], true),
  entryOf(34735, "short", [1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 26711], true),
];
const ofWords = [
  bytesEntry(271, "ascii", Uint8Array.from(Buffer.from("A maker\0"))),
  bytesEntry(42113, "ascii", Uint8Array.from(Buffer.from("0\0"))),
];
const below = {
  entries: [bytesEntry(37500, "undefined", Uint8Array.from(Buffer.from("a maker's note")))],
  directories: new Map(),
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-tiff-"));
  const pool = openPool({ threads: 1, entry });
  const directory = { entries: [...ofPlace, ...ofWords], directories: new Map([[34665, below]]) };
  const form = {
    compression: "none",
    ...{ planar: false, asStored: false, strip: false },
    origin: { littleEndian: true, directory },
  } as const;
  const signal = new AbortController().signal;
  const image = imageOf(noiseOf(shape), shape);
  await writeTiff(join(folder, "in.tif"), image, form, { pool, inFlight: 2, signal });
  await pool.close();
});
afterAll(() => rm(folder, { recursive: true }));

async function deblur(...words: string[]): Promise<void> {
  const ended = await runDeblur([...words, "--engine", "copy", "-q"], { cwd: folder });
  expect(ended).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await readdir(folder)).filter((name) => name.includes(".deblur-"))).toEqual([]);
}

it("keeps the georeference, texts and samples of a GeoTIFF, and leaves it uncompressed", async () => {
  await deblur("in.tif", "-o", "out.tif");
  const path = join(folder, "out.tif");
  const found = await readTiffTags(path);
  expect(found?.directory.entries).toEqual(expect.arrayContaining([...ofPlace, ...ofWords]));
  expect(found?.directory.directories.get(34665)).toEqual(below);
  const image = await imageIn(path);
  expect(image.getGeoKeys()).toMatchObject({ ProjectedCSTypeGeoKey: 26711 });
  expect(image.getOrigin()).toEqual([440720, 3751320, 0]);
  expect(image.getGDALNoData()).toBe(0);
  expect(image.fileDirectory.getValue("Compression")).toBe(1);
  expect(Buffer.from((await samplesIn(path)).buffer)).toEqual(Buffer.from(noiseOf(shape).buffer));
});

it("applies --compression, --cog and --strip-metadata", async () => {
  await deblur("in.tif", "-o", "cog.tif", "--cog", "--compression", "deflate", "--strip-metadata");
  const path = join(folder, "cog.tif");
  const image = await imageIn(path);
  expect(image.fileDirectory.getValue("Compression")).toBe(8);
  expect((await imageIn(path, 1)).getWidth()).toBe(350);
  const found = await readTiffTags(path);
  expect(found?.directory.entries).toEqual(expect.arrayContaining(ofPlace));
  expect(found?.directory.entries.some(({ tag }) => tag === 271)).toBe(false);
  expect(found?.directory.directories.size).toBe(0);
});

it("copies Exif from a TIFF into a PNG and a JPEG, and from a JPEG into a TIFF", async () => {
  await deblur("in.tif", "-o", "out.png");
  await deblur("in.tif", "-o", "out.jpg");
  await deblur("out.jpg", "-o", "again.tif");
  for (const name of ["out.png", "out.jpg"]) {
    const { exif } = await sharp(join(folder, name)).metadata();
    const start = exif?.indexOf("II*\0") ?? -1;
    const block = exif && (await readDirectories(bytesInMemory(exif.subarray(start))));
    expect(block?.directories[0]?.directories.get(34665)?.entries.map(({ tag }) => tag)).toEqual([
      37500,
    ]);
  }
  const again = await readTiffTags(join(folder, "again.tif"));
  expect(again?.directory.directories.get(34665)).toEqual(below);
  expect(again?.directory.entries).toEqual(expect.arrayContaining(ofWords.slice(0, 1)));
});
