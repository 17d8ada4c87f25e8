import { open } from "node:fs/promises";
import { endianness } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import {
  layOutStripTiff,
  type StripTiffImage,
} from "../../../../../src/io/formats/tiff/write/strip-tiff.ts";
import { firstDifference, noise, samplesOf, temporaryFolder } from "../../../sources/images.ts";

const little = endianness() === "LE";

/** A reader of our own making, after the TIFF 6.0 and BigTIFF texts: tag → values. */
function readTags(bytes: Uint8Array<ArrayBuffer>): {
  version: number;
  tags: Map<number, number[]>;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const version = view.getUint16(2, little);
  const big = version === 43;
  const u64 = (at: number) => Number(view.getBigUint64(at, little));
  const u32 = (at: number) => view.getUint32(at, little);
  const u16 = (at: number) => view.getUint16(at, little);
  const directory = big ? u64(8) : u32(4);
  const count = big ? u64(directory) : u16(directory);
  const tags = new Map<number, number[]>();
  let previous = 0;
  for (let i = 0; i < count; i++) {
    const at = directory + (big ? 8 + 20 * i : 2 + 12 * i);
    const tag = u16(at);
    expect(tag).toBeGreaterThan(previous);
    previous = tag;
    const type = u16(at + 2);
    const values = big ? u64(at + 4) : u32(at + 4);
    const size = { 1: 1, 3: 2, 4: 4, 5: 8, 7: 1, 16: 8 }[type] as number;
    const field = at + (big ? 12 : 8);
    const start = size * values <= (big ? 8 : 4) ? field : big ? u64(field) : u32(field);
    expect(start + size * values).toBeLessThanOrEqual(bytes.length);
    const read = (at: number): number => {
      if (type === 3) return u16(at);
      if (type === 4) return u32(at);
      if (type === 5) return u32(at) / u32(at + 4);
      return type === 16 ? u64(at) : view.getUint8(at);
    };
    const list = Array.from({ length: values }, (_, k) => read(start + k * size));
    tags.set(tag, list);
  }
  const end = directory + (big ? 8 + 20 * count : 2 + 12 * count);
  expect(big ? u64(end) : u32(end)).toBe(0);
  return { version, tags };
}

test("the header says what the picture is, and where each strip lies", () => {
  const icc = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
  const xmp = Uint8Array.of(9, 8, 7);
  const image = {
    width: 700,
    height: 1000,
    channels: 4,
    sampleType: "uint16",
    density: 300,
  } as const;
  const tiff = layOutStripTiff({ ...image, orientation: 6, icc, xmp });
  const { version, tags } = readTags(tiff.header);
  expect(version).toBe(42);
  expect(Object.fromEntries(tags)).toMatchObject({
    256: [700],
    257: [1000],
    258: [16, 16, 16, 16],
    259: [1],
    262: [2],
    274: [6],
    277: [4],
    282: [300],
    283: [300],
    284: [1],
    296: [2],
    338: [2],
    700: [9, 8, 7],
    34675: [1, 2, 3, 4, 5, 6, 7],
  });
  const offsets = tags.get(273) as number[];
  const counts = tags.get(279) as number[];
  const [rowsPerStrip] = tags.get(278) as [number];
  expect(tiff.rowBytes).toBe(700 * 4 * 2);
  expect(offsets).toHaveLength(Math.ceil(1000 / rowsPerStrip));
  // Strips follow each other without a gap, from the end of the header to the end of the file.
  let place = tiff.header.length;
  for (const [strip, offset] of offsets.entries()) {
    expect(offset).toBe(place);
    place += counts[strip] as number;
  }
  expect(tiff.dataOffset).toBe(tiff.header.length);
  expect(place).toBe(tiff.byteLength);
  expect(tiff.byteLength).toBe(tiff.header.length + 700 * 1000 * 8);
});

test("what is not given is not claimed", () => {
  const { tags } = readTags(
    layOutStripTiff({ width: 3, height: 2, channels: 1, sampleType: "uint8" }).header,
  );
  for (const tag of [274, 282, 283, 296, 338, 700, 33723, 34675]) expect(tags.has(tag)).toBe(false);
  expect(tags.get(262)).toEqual([1]);
});

test("above 4 GB it is a BigTIFF with 64-bit offsets, below a classic one", () => {
  const large: StripTiffImage = {
    width: 60_000,
    height: 40_000,
    channels: 3,
    sampleType: "uint16",
  };
  const tiff = layOutStripTiff(large);
  expect(tiff.byteLength).toBe(tiff.dataOffset + 60_000 * 40_000 * 6);
  const { version, tags } = readTags(tiff.header);
  expect(version).toBe(43);
  expect(tags.get(273)?.at(-1)).toBe(tiff.byteLength - (tags.get(279)?.at(-1) as number));
  expect(tags.get(273)?.at(-1)).toBeGreaterThan(2 ** 32);

  // One row more than 32 bits can address, and the last that fits.
  const rows = (height: number) =>
    layOutStripTiff({ width: 2 ** 16, height, channels: 1, sampleType: "uint8" });
  const heights = [65_534, 65_535, 65_536];
  for (const height of heights) {
    const { header, byteLength } = rows(height);
    expect(readTags(header).version).toBe(byteLength > 0xffff_ffff ? 43 : 42);
  }
  expect(heights.map((height) => readTags(rows(height).header).version)).toContain(42);
  expect(readTags(rows(65_536).header).version).toBe(43);
});

describe.each([8, 16] as const)("%d bit", (bits) => {
  test.each([1, 2, 3, 4] as const)("libvips reads back %d channels", async (channels) => {
    const page = { width: 1500, height: 401, channels, bits };
    const samples = noise(page);
    const path = join(await temporaryFolder(), "strips.tif");
    const tiff = layOutStripTiff({
      ...page,
      sampleType: `uint${bits}`,
      density: 240,
      orientation: 8,
    });
    const file = await open(path, "w");
    await file.write(tiff.header);
    await file.write(new Uint8Array(samples.buffer), 0, samples.byteLength, tiff.dataOffset);
    await file.close();
    expect(firstDifference(await samplesOf(path, page), samples)).toBeUndefined();
    const found = await sharp(path).metadata();
    expect(found).toMatchObject({ format: "tiff", channels, density: 240, orientation: 8 });
    expect(found.hasAlpha).toBe(channels % 2 === 0);
  });
});
