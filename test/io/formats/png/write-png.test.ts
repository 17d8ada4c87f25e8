import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, inflateSync } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import type { ImageMetadata } from "../../../../src/io/formats/metadata.ts";
import { adler32, joinAdler32 } from "../../../../src/io/formats/png/adler32.ts";
import { writePng } from "../../../../src/io/formats/png/write-png.ts";
import { openPool } from "../../../../src/io/pool/pool.ts";
import {
  firstDifference,
  type Image,
  noise,
  samplesOf,
  temporaryFolder,
} from "../../sources/images.ts";
import { imageOf } from "../tiff/rasters.ts";

const entry = new URL("../../../../dist/src/pool-worker.js", import.meta.url);
const pool = openPool({ threads: 2, entry });
afterAll(() => pool.close());

/** Noise on smooth ground, so that every filter is the best of some row. */
function ground(picture: Image): ReturnType<typeof noise> {
  const samples = noise(picture);
  const { width, channels, bits } = picture;
  for (let i = 0; i < samples.length; i++) {
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / (channels * width));
    const rough = (y >> 3) % 4 === 0;
    const level = (y >> 5) % 2 ? x : y;
    if (!rough) samples[i] = ((samples[i] as number) % 3) + level * 2 ** (bits - 8);
  }
  return samples;
}

async function written(
  samples: ReturnType<typeof noise>,
  picture: Image,
  metadata: ImageMetadata = {},
): Promise<string> {
  const path = join(await temporaryFolder(), "out.png");
  const image = imageOf(samples, { ...picture, sampleType: `uint${picture.bits}` });
  const signal = new AbortController().signal;
  await writePng(path, image, metadata, { pool, inFlight: 3, signal });
  return path;
}

async function chunksOf(path: string): Promise<{ name: string; data: Buffer }[]> {
  const file = await readFile(path);
  const found: { name: string; data: Buffer }[] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const body = file.subarray(at + 4, at + 8 + length);
    expect(file.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    found.push({ name: body.toString("latin1", 0, 4), data: body.subarray(4) });
    at += 12 + length;
  }
  return found;
}

test("any picture is read back bit for bit by libvips", async () => {
  const shape = fc.record({
    width: fc.integer({ min: 1, max: 90 }),
    height: fc.integer({ min: 1, max: 90 }),
    channels: fc.constantFrom(1, 2, 3, 4),
    bits: fc.constantFrom(8, 16),
  });
  await fc.assert(
    fc.asyncProperty(shape, async (picture) => {
      const samples = ground(picture);
      expect(
        firstDifference(await samplesOf(await written(samples, picture), picture), samples),
      ).toBeUndefined();
    }),
    { numRuns: 40 },
  );
});

describe("of many bands", () => {
  test.each([
    { width: 1500, height: 1500, channels: 4, bits: 8 },
    { width: 17, height: 70_000, channels: 3, bits: 16 },
    { width: 3_000_000, height: 4, channels: 1, bits: 16 },
  ] as const)("$width×$height×$channels of $bits bit is one stream", async (picture) => {
    const samples = ground(picture);
    const path = await written(samples, picture);
    expect(firstDifference(await samplesOf(path, picture), samples)).toBeUndefined();
    const pixels = (await chunksOf(path)).filter(({ name }) => name === "IDAT");
    expect(pixels.length).toBeGreaterThan(4);
    for (const { data } of pixels) expect(data.length).toBeLessThanOrEqual(2 ** 20);
    // zlib checks the sum at the end, which libvips does not.
    const rows = inflateSync(Buffer.concat(pixels.map(({ data }) => data)));
    expect(rows.length).toBe(samples.byteLength + picture.height);
  });
});

test("profile, density, Exif and XMP are in front of the pixels", async () => {
  const made = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
    .withMetadata({ density: 300, orientation: 6, icc: "p3" })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    .jpeg()
    .toBuffer();
  const { icc, exif, xmp } = await sharp(made).metadata();
  if (!icc || !exif || !xmp) throw new Error("sharp wrote no metadata");
  const picture = { width: 20, height: 10, channels: 3, bits: 8 } as const;
  const samples = ground(picture);
  const path = await written(samples, picture, { icc, exif, xmp, density: 300, orientation: 6 });
  expect((await chunksOf(path)).map(({ name }) => name)).toEqual([
    ...["IHDR", "iCCP", "pHYs", "eXIf", "iTXt", "IDAT", "IDAT", "IDAT", "IEND"],
  ]);
  const found = await sharp(path).metadata();
  expect(found).toMatchObject({ density: 300, orientation: 6 });
  expect(found.icc?.equals(icc)).toBe(true);
  expect(found.xmp?.equals(xmp)).toBe(true);
  expect(found.exif?.equals(exif.subarray("Exif\0\0".length))).toBe(true);

  const turned = await sharp(await written(samples, picture, { orientation: 8 })).metadata();
  expect(turned.orientation).toBe(8);
});

test("the checksum of parts is the checksum of the whole", () => {
  // RFC 1950's sum by its definition, one byte after the other.
  const plain = (bytes: Uint8Array) => {
    let [a, b] = [1, 0];
    for (const byte of bytes) {
      a = (a + byte) % 65521;
      b = (b + a) % 65521;
    }
    return b * 65536 + a;
  };
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 20_000, size: "max" });
  fc.assert(
    fc.property(bytes, bytes, (first, second) => {
      const whole = plain(Buffer.concat([first, second]));
      expect(joinAdler32(adler32(first), adler32(second), second.length)).toBe(whole);
    }),
    { numRuns: 200 },
  );
});
