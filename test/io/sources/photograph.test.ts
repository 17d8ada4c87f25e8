import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import fc from "fast-check";
import sharp, { type Sharp } from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";
import { type DeblurError, isDeblurError } from "../../../src/errors.ts";
import type { PhotographSource } from "../../../src/io/sources/photograph.ts";
import {
  firstDifference,
  type Image,
  imageOf,
  noise,
  type Samples,
  temporaryFolder,
} from "./images.ts";
import { type FreshOptions, openFresh } from "./open-fresh.ts";

const signal = new AbortController().signal;
const kinds: Image[] = ([8, 16] as const).flatMap((bits) =>
  ([1, 2, 3, 4] as const).map((channels) => ({ width: 301, height: 277, channels, bits })),
);

/** A file in a folder and an empty run folder beside it. */
async function place(name: string): Promise<{ path: string; folder: string }> {
  const parent = await temporaryFolder();
  const folder = join(parent, "run");
  await mkdir(folder);
  return { path: join(parent, name), folder };
}

async function opened(
  path: string,
  folder: string,
  options: Partial<FreshOptions> = {},
): Promise<PhotographSource> {
  const source = await openFresh(path, {
    folder,
    maxPixels: 1e9,
    tolerant: false,
    ...options,
  });
  onTestFinished(() => source.close());
  return source;
}

function crop(
  samples: Samples,
  { width, channels }: Image,
  rect: { x: number; y: number; width: number; height: number },
): Samples {
  const part = samples.slice(0, rect.width * rect.height * channels);
  for (let row = 0; row < rect.height; row++) {
    const start = ((rect.y + row) * width + rect.x) * channels;
    part.set(samples.subarray(start, start + rect.width * channels), row * rect.width * channels);
  }
  return part;
}

const encoders = {
  png: (image: Sharp) => image.png(),
  "strip.tif": (image: Sharp) => image.tiff({ compression: "lzw" }),
  "tiled.tif": (image: Sharp) =>
    image.tiff({ compression: "deflate", tile: true, tileWidth: 64, tileHeight: 64 }),
};

describe.each(Object.entries(encoders))("%s", (suffix, encode) => {
  test.each(kinds)(
    "$channels × $bits bit: any rectangle is that part of the picture",
    async (kind) => {
      const { path, folder } = await place(`in.${suffix}`);
      const samples = noise(kind);
      await encode(imageOf(samples, kind)).toFile(path);
      const source = await opened(path, folder);
      expect(source).toMatchObject({ ...kind, path, spooled: suffix !== "tiled.tif" });
      expect(await readdir(folder)).toEqual(source.spooled ? ["source.tif"] : []);
      const rects = fc
        .tuple(fc.nat(kind.width - 1), fc.nat(kind.height - 1), fc.nat(99), fc.nat(99))
        .map(([x, y, w, h]) => ({
          x,
          y,
          width: Math.min(w + 1, kind.width - x),
          height: Math.min(h + 1, kind.height - y),
        }));
      await fc.assert(
        fc.asyncProperty(rects, async (rect) => {
          const raster = await source.read(rect, { signal });
          expect(firstDifference(raster.samples, crop(samples, kind, rect))).toBeUndefined();
        }),
        { numRuns: 15 },
      );
    },
  );
});

test("each read has an ArrayBuffer of its own that can be moved", async () => {
  const { path, folder } = await place("in.png");
  const picture = { width: 9, height: 5, channels: 3, bits: 16 } as const;
  await imageOf(noise(picture), picture).png().toFile(path);
  const source = await opened(path, folder);
  const rect = { x: 0, y: 0, width: 9, height: 5 };
  const { samples } = await source.read(rect, { signal });
  expect(samples.buffer.byteLength).toBe(samples.byteLength);
  structuredClone(samples, { transfer: [samples.buffer] });
  expect(samples.length).toBe(0);
  expect((await source.read(rect, { signal })).samples.length).toBe(135);
});

test("a profile, density and orientation are told, never applied", async () => {
  const { path, folder } = await place("in.jpg");
  const picture = { width: 40, height: 30, channels: 3, bits: 8 } as const;
  await imageOf(noise(picture), picture)
    .withIccProfile("p3")
    .withMetadata({ density: 300, orientation: 6, icc: "p3" })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    .jpeg()
    .toFile(path);
  const source = await opened(path, folder);
  expect(source).toMatchObject({ width: 40, height: 30, format: "jpeg" });
  expect(source.metadata).toMatchObject({ density: 300, orientation: 6 });
  const file = await readFile(path);
  for (const block of ["icc", "exif", "xmp"] as const) {
    const bytes = source.metadata[block];
    expect(bytes?.length).toBeGreaterThan(10);
    expect(file.includes(bytes as Buffer)).toBe(true);
  }
  // What libjpeg decodes, before any profile.
  const plain = await sharp(path, { ignoreIcc: true }).raw().toBuffer();
  const { samples } = await source.read({ x: 0, y: 0, width: 40, height: 30 }, { signal });
  expect([...samples]).toEqual([...plain]);
});

/** A PNG from its chunks, for kinds sharp does not write. */
function png(chunks: readonly (readonly [name: string, data: Buffer])[]): Buffer {
  const parts = chunks.map(([name, data]) => {
    const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
    const frame = Buffer.alloc(body.length + 8);
    frame.writeUInt32BE(data.length, 0);
    body.copy(frame, 4);
    frame.writeUInt32BE(crc32(body), body.length + 4);
    return frame;
  });
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]);
}

function header(width: number, height: number, depth: number, colourType: number): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data[8] = depth;
  data[9] = colourType;
  return data;
}

const end = ["IEND", Buffer.alloc(0)] as const;

test.each([
  { depth: 1, row: [0b10100000], expected: [255, 0, 255] },
  { depth: 2, row: [0b00011011], expected: [0, 85, 170] },
  { depth: 4, row: [0x0f, 0x70], expected: [0, 255, 119] },
])("grey of $depth bit becomes 8 bit over the full range", async ({ depth, row, expected }) => {
  const { path, folder } = await place("in.png");
  const pixels = deflateSync(Buffer.from([0, ...row]));
  await writeFile(path, png([["IHDR", header(3, 1, depth, 0)], ["IDAT", pixels], end]));
  const source = await opened(path, folder);
  expect(source).toMatchObject({ channels: 1, bits: 8 });
  const { samples } = await source.read({ x: 0, y: 0, width: 3, height: 1 }, { signal });
  expect([...samples]).toEqual(expected);
});

test.each([
  { name: "RGB", transparency: [], expected: [1, 2, 3, 40, 50, 60] },
  {
    name: "RGBA where it has transparency",
    transparency: [["tRNS", Buffer.from([7])] as const],
    expected: [1, 2, 3, 7, 40, 50, 60, 255],
  },
])("a palette becomes $name", async ({ transparency, expected }) => {
  const { path, folder } = await place("in.png");
  const palette = Buffer.from([1, 2, 3, 40, 50, 60]);
  const pixels = deflateSync(Buffer.from([0, 0b01000000]));
  const chunks = [
    ["IHDR", header(2, 1, 1, 3)],
    ["PLTE", palette],
    ...transparency,
    ["IDAT", pixels],
    end,
  ] as const;
  await writeFile(path, png(chunks));
  const source = await opened(path, folder);
  const { samples } = await source.read({ x: 0, y: 0, width: 2, height: 1 }, { signal });
  expect([...samples]).toEqual(expected);
});

test.each([
  { suffix: "jpg", encode: (inks: Sharp) => inks.jpeg({ quality: 100 }) },
  {
    suffix: "tif",
    encode: (inks: Sharp) => inks.tiff({ compression: "lzw" }),
    bits: 8,
    tolerance: 3,
  },
])(
  "inks in a $suffix become sRGB by their profile, which is said and not passed on",
  async ({ suffix, encode }) => {
    const { path, folder } = await place(`in.${suffix}`);
    const colour = { r: 180, g: 140, b: 100 };
    const create = { width: 16, height: 16, channels: 3, background: colour } as const;
    await encode(sharp({ create }).toColourspace("cmyk").withIccProfile("cmyk")).toFile(path);
    const { icc, channels } = await sharp(path).metadata();
    expect({ channels, profile: icc !== undefined }).toEqual({ channels: 4, profile: true });
    const source = await opened(path, folder);
    expect(source).toMatchObject({ channels: 3, bits: 8 });
    expect(source.metadata.icc).toBeUndefined();
    expect(source.notes).toEqual([`${path}: inks (CMYK) become sRGB by its profile`]);
    const { samples } = await source.read({ x: 0, y: 0, width: 1, height: 1 }, { signal });
    // Little CMS 2.14, asked by Pillow 9.4 for the same profile and the inks (0, 62, 148, 80): perceptual.
    const [red = 0, green = 0, blue = 0] = samples;
    const far = [red - 177, green - 139, blue - 89].map(Math.abs);
    expect(Math.max(...far)).toBeLessThanOrEqual(3);
  },
);

/** Opens, reads everything, and tells the error. */
async function failure(
  path: string,
  folder: string,
  options: Partial<FreshOptions> = {},
): Promise<DeblurError> {
  try {
    const source = await opened(path, folder, options);
    await source.read({ x: 0, y: 0, width: source.width, height: source.height }, { signal });
  } catch (error) {
    if (isDeblurError(error)) return error;
    throw error;
  }
  throw new Error(`${path} was read`);
}

const big: Image = { width: 301, height: 277, channels: 3, bits: 8 };
const bigImage = () => imageOf(noise(big), big);
const half = async (image: Sharp) => {
  const bytes = await image.toBuffer();
  return bytes.subarray(0, bytes.length >> 1);
};
/** A tiled TIFF whose directory is intact and whose last tiles are gone. */
async function tiffCutInTiles(): Promise<Buffer> {
  const bytes = await bigImage().tiff({ compression: "none", tile: true }).toBuffer();
  const directory = bytes.readUInt32LE(4);
  const moved = Buffer.concat([bytes.subarray(0, 8), bytes.subarray(directory)]);
  moved.writeUInt32LE(8, 4);
  const entries = moved.readUInt16LE(8);
  for (let i = 0; i < entries; i++) {
    const entry = 10 + 12 * i;
    const inline =
      moved.readUInt32LE(entry + 4) * (moved.readUInt16LE(entry + 2) === 4 ? 4 : 2) <= 4;
    const value = moved.readUInt32LE(entry + 8);
    if (!inline && value >= directory) moved.writeUInt32LE(value - directory + 8, entry + 8);
  }
  return moved;
}

test.each([
  {
    name: "a PNG cut short",
    file: () => half(bigImage().png()),
    says: "damaged or cut short PNG",
  },
  {
    name: "a JPEG cut short",
    file: () => half(bigImage().jpeg()),
    says: "damaged or cut short JPEG",
  },
  {
    name: "a TIFF cut short",
    file: () => half(bigImage().tiff()),
    says: "damaged or cut short TIFF",
  },
  {
    name: "a tiled TIFF without its tiles",
    file: tiffCutInTiles,
    says: "damaged or cut short TIFF",
  },
  { name: "a text file", file: () => "not a picture", says: "Expected a PNG, JPEG, WebP" },
  {
    name: "an SVG",
    file: () => "<svg xmlns='http://www.w3.org/2000/svg'/>",
    says: "Expected a PNG",
  },
  { name: "an empty file", file: () => "", says: "found an empty file" },
  {
    name: "a PNG that claims 60000×60000",
    file: () => png([["IHDR", header(60000, 60000, 8, 2)], ["IDAT", Buffer.alloc(9)], end]),
    says: "Expected at most 1000000000 pixels but found 60000×60000 = 3600000000; `maxPixels` allows more",
  },
  {
    name: "a float TIFF",
    file: () => bigImage().tiff({ compression: "none", predictor: "float" }).toBuffer(),
    says: "found 3 channels of float in scrgb",
  },
])("$name is refused in one line and leaves nothing", async ({ file, says }) => {
  const { path, folder } = await place("in");
  await writeFile(path, await file());
  const error = await failure(path, folder);
  expect(error).toMatchObject({ _tag: "InputError", exitCode: 65 });
  expect(error.message.startsWith(`${path}: `)).toBe(true);
  expect(error.message).toContain(says);
  expect(error.message).not.toContain("\n");
  expect(await readdir(folder)).toEqual([]);
});

test("tolerant reads what is there of a JPEG cut short", async () => {
  const { path, folder } = await place("in.jpg");
  await writeFile(path, await half(bigImage().jpeg()));
  const source = await opened(path, folder, { tolerant: true });
  const { samples } = await source.read({ x: 0, y: 0, width: 301, height: 277 }, { signal });
  expect(samples.length).toBe(301 * 277 * 3);
});

test("a missing file and a folder are no input", async () => {
  const { path, folder } = await place("missing.png");
  expect(await failure(path, folder)).toMatchObject({
    _tag: "NoInputError",
    message: `${path}: no such file`,
  });
  expect(await failure(folder, folder)).toMatchObject({
    _tag: "NoInputError",
    message: `${folder}: is a directory`,
  });
});

test("exactly the permitted number of pixels is read", async () => {
  const { path, folder } = await place("in.png");
  await bigImage().png().toFile(path);
  const maxPixels = 301 * 277;
  expect((await opened(path, folder, { maxPixels })).width).toBe(301);
  expect((await failure(path, folder, { maxPixels: maxPixels - 1 }))._tag).toBe("InputError");
});

test("the first page of a TIFF with several is read", async () => {
  const { path, folder } = await place("in.tif");
  const page = (value: number) =>
    sharp({ create: { width: 20, height: 10, channels: 3, background: { r: value, g: 0, b: 0 } } })
      .png()
      .toBuffer();
  const pages = [await page(10), await page(200)];
  await sharp(pages, { join: { animated: true } })
    .tiff({ compression: "none" })
    .toFile(path);
  expect((await sharp(path).metadata()).pages).toBe(2);
  const source = await opened(path, folder);
  expect(source).toMatchObject({ width: 20, height: 10 });
  const { samples } = await source.read({ x: 0, y: 0, width: 1, height: 1 }, { signal });
  expect([...samples]).toEqual([10, 0, 0]);
});

test("a picture replaced under the same name is read as it is now", async () => {
  const { path, folder } = await place("in.tif");
  for (const value of [10, 200]) {
    const background = { r: value, g: value, b: value };
    await sharp({ create: { width: 300, height: 300, channels: 3, background } })
      .tiff({ compression: "none", tile: true })
      .toFile(`${path}.new`);
    await rename(`${path}.new`, path);
    const source = await opened(path, folder);
    const { samples } = await source.read({ x: 0, y: 0, width: 1, height: 1 }, { signal });
    expect(samples[0]).toBe(value);
  }
});

test("closing deletes the spool, twice is fine, and leaves the input", async () => {
  const { path, folder } = await place("in.png");
  await bigImage().png().toFile(path);
  const source = await opened(path, folder);
  await source.close();
  await source.close();
  expect(await readdir(folder)).toEqual([]);
  const before = await readFile(path);
  expect(before.length).toBeGreaterThan(0);
});

test("an aborted signal opens nothing and reads nothing", async () => {
  const { path, folder } = await place("in.png");
  await bigImage().png().toFile(path);
  await expect(opened(path, folder, { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
  expect(await readdir(folder)).toEqual([]);
  const during = new AbortController();
  const opening = opened(path, folder, { signal: during.signal });
  during.abort();
  await expect(opening).rejects.toThrow("aborted");
  expect(await readdir(folder)).toEqual([]);
  const source = await opened(path, folder);
  const rect = { x: 0, y: 0, width: 1, height: 1 };
  await expect(source.read(rect, { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
});

test("a rectangle outside the picture is refused", async () => {
  const { path, folder } = await place("in.png");
  await bigImage().png().toFile(path);
  const source = await opened(path, folder);
  for (const rect of [
    { x: 300, y: 0, width: 2, height: 1 },
    { x: 0, y: -1, width: 1, height: 1 },
    { x: 0, y: 0, width: 0, height: 1 },
  ])
    await expect(source.read(rect, { signal })).rejects.toThrow("a rectangle inside 301×277");
});
