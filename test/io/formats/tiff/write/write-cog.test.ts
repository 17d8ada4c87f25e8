import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { ImageSource } from "../../../../../src/image/raster.ts";
import type { Samples } from "../../../../../src/image/samples.ts";
import { entryOf } from "../../../../../src/io/formats/tiff/directory.ts";
import { writeCog } from "../../../../../src/io/formats/tiff/write/write-cog.ts";
import type { TiffForm } from "../../../../../src/io/formats/tiff/write/written-page.ts";
import { openPool } from "../../../../../src/io/pool/pool.ts";
import { firstDifference, temporaryFolder } from "../../../sources/images.ts";
import { imageIn, imageOf, noiseOf, type Shape, samplesIn, sampleTypes } from "../rasters.ts";

const entry = new URL("../../../../../dist/src/pool-worker.js", import.meta.url);
const pool = openPool({ threads: 2, entry });
afterAll(() => pool.close());

const nothing = (littleEndian: boolean) => ({
  littleEndian,
  directory: { entries: [], directories: new Map() },
});

async function written(image: ImageSource, form: Partial<TiffForm> = {}): Promise<string> {
  const path = join(await temporaryFolder(), "out.tif");
  const origin = nothing(true);
  const complete = { compression: "deflate", planar: false, origin, asStored: false, strip: false };
  const signal = new AbortController().signal;
  await writeCog(path, image, { ...complete, ...form } as TiffForm, { pool, inFlight: 3, signal });
  expect(await readdir(dirname(path))).toEqual(["out.tif"]);
  return path;
}

/** The chain of directories after the TIFF 6.0 and BigTIFF texts, none of our code: tag → unsigned values. */
async function chainOf(path: string): Promise<{ at: number; tags: Map<number, number[]> }[]> {
  const bytes = await readFile(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = bytes[0] === 0x49;
  const big = view.getUint16(2, little) === 43;
  const pointer = (at: number) =>
    big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
  const chain: { at: number; tags: Map<number, number[]> }[] = [];
  for (let at = pointer(big ? 8 : 4); at !== 0; ) {
    const tags = new Map<number, number[]>();
    const count = big ? pointer(at) : view.getUint16(at, little);
    const table = at + (big ? 8 : 2);
    const size = big ? 20 : 12;
    for (let place = table; place < table + count * size; place += size) {
      const type = view.getUint16(place + 2, little);
      const each = ({ 3: 2, 4: 4, 16: 8 } as Record<number, number>)[type];
      if (each === undefined) continue;
      const values = pointer(place + 4);
      const field = place + (big ? 12 : 8);
      const start = values * each <= (big ? 8 : 4) ? field : pointer(field);
      const read = (i: number) => {
        if (each === 2) return view.getUint16(start + 2 * i, little);
        if (each === 4) return view.getUint32(start + 4 * i, little);
        return Number(view.getBigUint64(start + 8 * i, little));
      };
      tags.set(
        view.getUint16(place, little),
        Array.from({ length: values }, (_, i) => read(i)),
      );
    }
    chain.push({ at, tags });
    at = pointer(table + count * size);
  }
  return chain;
}

/** What GDAL's validate_cloud_optimized_geotiff checks, and that blocks follow each other in rows. */
async function expectCloudOptimised(path: string): Promise<void> {
  const bytes = await readFile(path);
  const chain = await chainOf(path);
  const start = bytes.readUInt16LE(2) === 43 || bytes.readUInt16BE(2) === 43 ? 16 : 8;
  const mark = "GDAL_STRUCTURAL_METADATA_SIZE=";
  expect(bytes.toString("latin1", start, start + mark.length)).toBe(mark);
  const size = Number(bytes.toString("latin1", start + 30, start + 36));
  const noted = bytes.toString("latin1", start + 43, start + 43 + size);
  expect(noted).toContain("LAYOUT=IFDS_BEFORE_DATA");
  expect(noted).toContain("KNOWN_INCOMPATIBLE_EDITION=NO");
  expect(chain[0]?.at).toBe(start + 43 + size + ((start + 43 + size) % 2));

  const kindOf = ({ tags }: (typeof chain)[number]) => tags.get(254)?.[0] ?? 0;
  const pages = chain.filter((one) => (kindOf(one) & 4) === 0);
  const dataOf = ({ tags }: (typeof chain)[number]) => tags.get(324) as number[];
  for (const [i, { at, tags }] of pages.entries()) {
    expect(kindOf({ at, tags })).toBe(i === 0 ? 0 : 1);
    const [width, height] = [tags.get(256)?.[0] as number, tags.get(257)?.[0] as number];
    const larger = pages[i - 1];
    if (larger) {
      expect(width).toBe(Math.ceil((larger.tags.get(256)?.[0] as number) / 2));
      expect(height).toBe(Math.ceil((larger.tags.get(257)?.[0] as number) / 2));
      expect(at).toBeGreaterThan(larger.at);
      expect(dataOf(larger)[0]).toBeGreaterThan(dataOf({ at, tags })[0] as number);
    }
    if (i === pages.length - 1) expect(Math.max(width, height)).toBeLessThanOrEqual(512);
  }
  const lastDirectory = Math.max(...chain.map(({ at }) => at));
  for (const one of chain) {
    const offsets = dataOf(one);
    const counts = one.tags.get(325) as number[];
    expect(offsets[0]).toBeGreaterThan(lastDirectory);
    for (let i = 1; i < offsets.length; i++)
      expect(offsets[i]).toBe((offsets[i - 1] as number) + (counts[i - 1] as number));
    expect((offsets.at(-1) as number) + (counts.at(-1) as number)).toBeLessThanOrEqual(
      bytes.length,
    );
  }
}

/** Half the picture by the definition: the mean of what counts of each 2×2 pixels. */
function halfOf(
  samples: Samples,
  { width, height, channels, sampleType }: Shape,
  counts: (pixel: number, value: number, channel: number) => boolean = () => true,
): { samples: Samples; shape: Shape } {
  const shape = {
    width: Math.ceil(width / 2),
    height: Math.ceil(height / 2),
    channels,
    sampleType,
  };
  const half = noiseOf(shape);
  for (let i = 0; i < half.length; i++) {
    const channel = i % channels;
    const x = 2 * (Math.floor(i / channels) % shape.width);
    const y = 2 * Math.floor(i / channels / shape.width);
    const values: number[] = [];
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      if (x + dx >= width || y + dy >= height) continue;
      const pixel = (y + dy) * width + x + dx;
      const value = samples[pixel * channels + channel] as number;
      if (counts(pixel, value, channel)) values.push(value);
    }
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const first = samples[(y * width + x) * channels + channel] as number;
    const chosen = values.length === 0 ? first : mean;
    half[i] = sampleType.startsWith("float") ? chosen : Math.round(chosen);
  }
  return { samples: half, shape };
}

test("of any type it is arranged for the cloud, and each overview is half the one before", async () => {
  const shape = fc.record({
    width: fc.integer({ min: 1, max: 1300 }),
    height: fc.integer({ min: 1, max: 700 }),
    channels: fc.constantFrom(1, 3),
    sampleType: fc.constantFrom(...sampleTypes),
  });
  const form = fc.record({
    compression: fc.constantFrom("none", "deflate"),
    origin: fc.boolean().map(nothing),
    big: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(shape, form, async (shape, form) => {
      let level = { samples: noiseOf(shape), shape: shape as Shape };
      const path = await written(imageOf(level.samples, shape), form);
      await expectCloudOptimised(path);
      const chain = await chainOf(path);
      for (let i = 0; i < chain.length; i++) {
        expect(firstDifference(await samplesIn(path, i), level.samples)).toBeUndefined();
        level = halfOf(level.samples, level.shape);
      }
    }),
    { numRuns: 15 },
  );
});

test("what is nodata is in no mean, and stays nodata where nothing else is", async () => {
  const shape: Shape = { width: 700, height: 333, channels: 1, sampleType: "int16" };
  const samples = noiseOf(shape);
  for (let i = 0; i < samples.length; i++)
    if (((samples[i] as number) & 3) === 0 || i % 700 < 300) samples[i] = -9999;
  const radiometry = { colours: [0], range: [0, 1000], nodata: -9999 } as const;
  const path = await written({ ...imageOf(samples, shape), radiometry });
  const half = halfOf(samples, shape, (_, value) => value !== -9999);
  expect(half.samples[0]).toBe(-9999);
  expect(firstDifference(await samplesIn(path, 1), half.samples)).toBeUndefined();
});

test("what is transparent is in no mean but that of its opacity", async () => {
  const shape: Shape = { width: 600, height: 100, channels: 4, sampleType: "uint8" };
  const samples = noiseOf(shape);
  for (let i = 3; i < samples.length; i += 8) samples[i] = 0;
  const path = await written(imageOf(samples, shape));
  const opaque = (pixel: number, _: number, channel: number) =>
    channel === 3 || samples[pixel * 4 + 3] !== 0;
  const half = halfOf(samples, shape, opaque);
  expect(firstDifference(await samplesIn(path, 1), half.samples)).toBeUndefined();
});

test("a mask has overviews too, and says what counts in those of the picture", async () => {
  const shape: Shape = { width: 701, height: 601, channels: 3, sampleType: "uint8" };
  const samples = noiseOf(shape);
  const maskShape: Shape = { ...shape, channels: 1 };
  const valid = Uint8Array.from(noiseOf(maskShape, 5), (value) => value & 1);
  const path = await written(imageOf(samples, shape), { valid: imageOf(samples, shape, valid) });
  await expectCloudOptimised(path);
  const kinds = (await chainOf(path)).map(({ tags }) => tags.get(254)?.[0] ?? 0);
  expect(kinds).toEqual([0, 4, 1, 5]);
  expect(Uint8Array.from(await samplesIn(path, 1))).toEqual(valid);
  const half = halfOf(samples, shape, (pixel) => valid[pixel] !== 0);
  expect(firstDifference(await samplesIn(path, 2), half.samples)).toBeUndefined();
  const upperLeft = Array.from({ length: 351 * 301 }, (_, i) => {
    return valid[2 * Math.floor(i / 351) * 701 + 2 * (i % 351)] as number;
  });
  expect([...(await samplesIn(path, 3))]).toEqual(upperLeft);
});

test("numbers of a palette are taken, not averaged", async () => {
  const shape: Shape = { width: 600, height: 200, channels: 1, sampleType: "uint8" };
  const samples = noiseOf(shape);
  const short = (tag: number, values: number[]) => entryOf(tag, "short", values, true);
  const entries = [
    ...[short(262, [3]), short(277, [1]), short(258, [8])],
    short(320, new Array(768).fill(7)),
  ];
  const origin = { littleEndian: true, directory: { entries, directories: new Map() } };
  const path = await written(imageOf(samples, shape), { origin, asStored: true });
  const first = (i: number) => samples[2 * Math.floor(i / 300) * 600 + 2 * (i % 300)] as number;
  const half = await samplesIn(path, 1);
  expect([...half]).toEqual(Array.from({ length: 300 * 100 }, (_, i) => first(i)));
  expect((await imageIn(path, 1)).fileDirectory.getValue("PhotometricInterpretation")).toBe(3);
});
