import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { plainRadiometry } from "../../../src/image/radiometry.ts";
import type { Block } from "../../../src/image/raster.ts";
import type { OutputFormat } from "../../../src/io/formats/image-formats.ts";
import { openPool, type Pool } from "../../../src/io/pool/pool.ts";
import {
  openRasterSink,
  type RasterSink,
  type RasterSinkOptions,
} from "../../../src/io/sinks/raster-sink.ts";
import type { Rect } from "../../../src/rect.ts";
import {
  firstDifference,
  type Image,
  noise,
  type Samples,
  samplesOf,
  temporaryFolder,
} from "../sources/images.ts";

const entry = new URL("../../../dist/src/pool-worker.js", import.meta.url);
const signal = new AbortController().signal;
const small = { width: 30, height: 20, channels: 3, bits: 8 } as const;

const pool = openPool({ threads: 2, entry });
afterAll(() => pool.close());

/** Where an output goes, and the run folder beside it. */
async function place(name: string): Promise<{ path: string; folder: string; parent: string }> {
  const parent = await temporaryFolder();
  const folder = join(parent, ".run");
  await mkdir(folder);
  return { path: join(parent, name), folder, parent };
}

type Needed = Pick<RasterSinkOptions, "folder" | "format"> & Partial<RasterSinkOptions>;

async function opened(path: string, image: Image, options: Needed): Promise<RasterSink> {
  const { width, height, channels, bits } = image;
  const sink = await openRasterSink(path, {
    ...{ width, height, channels },
    sampleType: `uint${bits}`,
    radiometry: plainRadiometry(channels, `uint${bits}`),
    metadata: {},
    force: false,
    pool,
    ...options,
  });
  onTestFinished(() => sink.close());
  return sink;
}

/** The samples of a rectangle, with no change to them. */
function unchanged(samples: Samples, { width, channels, bits }: Image, rect: Rect): Block {
  const part = new (bits === 8 ? Uint8Array : Uint16Array)(rect.width * rect.height * channels);
  for (let row = 0; row < rect.height; row++) {
    const start = ((rect.y + row) * width + rect.x) * channels;
    part.set(samples.subarray(start, start + rect.width * channels), row * rect.width * channels);
  }
  const source = { width: rect.width, height: rect.height, channels, samples: part };
  return { rect, source, residual: new Float32Array(3 * rect.width * rect.height) };
}

/** The picture cut into blocks of at most `side`, mixed up by `seed`. */
function blocks({ width, height }: Image, side: number, seed: number): Rect[] {
  const rects: Rect[] = [];
  for (let y = 0; y < height; y += side)
    for (let x = 0; x < width; x += side)
      rects.push({ x, y, width: Math.min(side, width - x), height: Math.min(side, height - y) });
  const order = [...noise({ width: rects.length, height: 1, channels: 1, bits: 16 }, seed)];
  return rects
    .map((rect, i) => ({ rect, key: order[i] as number }))
    .sort((a, b) => a.key - b.key)
    .map(({ rect }) => rect);
}

async function writeAll(sink: RasterSink, samples: Samples, image: Image, side = 64) {
  await Promise.all(
    blocks(image, side, 7).map((rect) => sink.write(unchanged(samples, image, rect), { signal })),
  );
}

describe.each(["png", "tiff"] as const)("%s", (format) => {
  for (const bits of [8, 16] as const)
    test.each([1, 2, 3, 4] as const)(
      `%d × ${bits} bit: no change gives equal samples`,
      async (channels) => {
        const image = { width: 301, height: 277, channels, bits };
        const samples = noise(image);
        const { path, folder, parent } = await place(`out.${format}`);
        const sink = await opened(path, image, { folder, format });
        await writeAll(sink, samples, image);
        expect(await readdir(parent)).toEqual([".run"]);
        await sink.finish({ signal });
        await sink.close();
        expect(firstDifference(await samplesOf(path, image), samples)).toBeUndefined();
        const found = await sharp(path).metadata();
        expect(found).toMatchObject({ format, channels, hasAlpha: channels % 2 === 0 });
        expect(found.depth).toBe(bits === 8 ? "uchar" : "ushort");
        expect(await readdir(folder)).toEqual([]);
      },
    );
});

test.each([1, 3] as const)("JPEG of %d channels is close to what was written", async (channels) => {
  const image = { width: 64, height: 48, channels, bits: 8 } as const;
  const samples = new Uint8Array(64 * 48 * channels);
  for (let i = 0; i < samples.length; i++)
    samples[i] = 40 + 2 * (Math.floor(i / channels) % 64) + 20 * (i % channels);
  const { path, folder } = await place("out.jpg");
  const sink = await opened(path, image, { folder, format: "jpeg" });
  await writeAll(sink, samples, image);
  await sink.finish({ signal });
  const found = await samplesOf(path, image);
  const worst = Math.max(...samples.map((value, i) => Math.abs(value - (found[i] as number))));
  expect(worst).toBeLessThanOrEqual(6);
  const { format, chromaSubsampling } = await sharp(path).metadata();
  expect({ format, channels: channels === 3 ? chromaSubsampling : "4:4:4" }).toEqual({
    format: "jpeg",
    channels: "4:4:4",
  });
});

test("blocks of any size in any order give the same file", async () => {
  const image = { width: 45, height: 33, channels: 3, bits: 16 } as const;
  const samples = noise(image);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 3, max: 50 }), fc.nat(), async (side, seed) => {
      const { path, folder } = await place("out.tiff");
      const sink = await opened(path, image, { folder, format: "tiff" });
      for (const rect of blocks(image, side, seed))
        await sink.write(unchanged(samples, image, rect), { signal });
      await sink.finish({ signal });
      expect(firstDifference(await samplesOf(path, image), samples)).toBeUndefined();
    }),
    { numRuns: 12 },
  );
});

test("the residual lands on its pixel and channel", async () => {
  const { path, folder } = await place("out.png");
  const sink = await opened(path, small, { folder, format: "png" });
  const samples = new Uint8Array(30 * 20 * 3).fill(100);
  const top = unchanged(samples, small, { x: 0, y: 0, width: 30, height: 10 });
  const bottom = unchanged(samples, small, { x: 0, y: 10, width: 30, height: 10 });
  bottom.residual[2 * 300 + 3 * 30 + 4] = 50 / 255; // blue of (4, 13)
  await sink.write(bottom, { signal });
  await sink.write(top, { signal });
  await sink.finish({ signal });
  samples[(13 * 30 + 4) * 3 + 2] = 150;
  expect(firstDifference(await samplesOf(path, small), samples)).toBeUndefined();
});

describe("metadata", () => {
  async function sourceMetadata() {
    const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
      .withMetadata({ density: 300, orientation: 6, icc: "p3" })
      .withExifMerge({ IFD0: { Make: "A maker", Artist: "Somebody" } })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
      .jpeg()
      .toBuffer();
    const { icc, exif, xmp } = await sharp(bytes).metadata();
    if (!icc || !exif || !xmp) throw new Error("sharp wrote no metadata");
    expect(exif.includes("Somebody")).toBe(true);
    return { icc, exif, xmp, density: 300, orientation: 6 };
  }

  async function written(format: OutputFormat, options: Partial<RasterSinkOptions>) {
    const { path, folder } = await place(`out.${format}`);
    const sink = await opened(path, small, { folder, format, ...options });
    const samples = noise(small);
    await writeAll(sink, samples, small);
    await sink.finish({ signal });
    const found = await sharp(path).metadata();
    return { path, samples, found };
  }

  test.each(["png", "jpeg", "tiff"] as const)(
    "%s keeps profile and XMP byte for byte, density and orientation, and its pixels",
    async (format) => {
      const metadata = await sourceMetadata();
      const { path, samples, found } = await written(format, { metadata });
      expect(found).toMatchObject({ width: 30, height: 20, density: 300, orientation: 6 });
      expect(found.icc?.equals(metadata.icc)).toBe(true);
      expect(found.xmp?.equals(metadata.xmp)).toBe(true);
      if (format !== "jpeg")
        expect(firstDifference(await samplesOf(path, small), samples)).toBeUndefined();
    },
  );

  test.each(["png", "jpeg", "tiff"] as const)(
    "%s keeps density where it is all there is",
    async (format) => {
      const { found } = await written(format, { metadata: { density: 300 } });
      expect(found.density).toBe(300);
      expect(found.orientation ?? 1).toBe(1);
    },
  );

  const photoshop = Buffer.concat([
    Buffer.from("Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x15", "latin1"),
    Buffer.from("\x1c\x02\x78\x00\x10Hello from there\0", "latin1"),
  ]);

  test.each([
    { format: "png", iptc: undefined },
    { format: "jpeg", iptc: undefined },
    { format: "jpeg", iptc: photoshop },
  ] as const)("$format keeps Exif byte for byte, once (IPTC: $iptc.length)", async (kind) => {
    const { format, iptc } = kind;
    const metadata = await sourceMetadata();
    const { path, found } = await written(format, {
      metadata: { ...metadata, ...(iptc && { iptc }) },
    });
    // sharp hands it out with the mark of a JPEG, or without.
    const block = format === "png" ? metadata.exif.subarray("Exif\0\0".length) : metadata.exif;
    expect(found.exif?.equals(block)).toBe(true);
    const file = await readFile(path);
    const mark = format === "png" ? "eXIf" : "Exif\0\0";
    const at = file.indexOf(mark);
    expect(file.lastIndexOf(mark)).toBe(at);
    if (format === "png") {
      const end = at + mark.length + file.readUInt32BE(at - 4);
      expect(file.readUInt32BE(end)).toBe(crc32(file.subarray(at, end)));
    }
    await sharp(path, { failOn: "warning" }).raw().toBuffer();
  });

  test.each(["png", "jpeg", "tiff"] as const)(
    "%s: stripped, only what the pixels mean is left",
    async (format) => {
      const metadata = await sourceMetadata();
      const { path, found } = await written(format, { metadata, stripMetadata: true });
      expect(found).toMatchObject({ density: 300, orientation: 6 });
      expect(found.icc?.equals(metadata.icc)).toBe(true);
      expect(found.xmp).toBeUndefined();
      expect((await readFile(path)).includes("Somebody")).toBe(false);
    },
  );

  test.each(["png", "jpeg", "tiff"] as const)(
    "%s: the orientation of a source without Exif is kept",
    async (format) => {
      const { found } = await written(format, { metadata: { orientation: 8 } });
      expect(found.orientation).toBe(8);
    },
  );

  test("IPTC is kept in the wrapping of its format, and left out where there is none", async () => {
    const ofTiff = Buffer.from("\x1c\x02\x78\x00\x10Hello from there", "latin1");
    const asDigits = Buffer.from(ofTiff.toString("hex"));
    for (const [format, iptc, kept] of [
      ["tiff", ofTiff, ofTiff],
      ["tiff", photoshop, ofTiff],
      ["jpeg", photoshop, photoshop],
      ["jpeg", ofTiff, photoshop],
      ["png", ofTiff, asDigits],
      ["webp", ofTiff, undefined],
      ["avif", photoshop, undefined],
    ] as const) {
      const file = await readFile((await written(format, { metadata: { iptc } })).path);
      if (kept) expect(file.includes(kept), format).toBe(true);
      else expect(file.includes(ofTiff), format).toBe(false);
    }
  });

  test("a source without metadata gives an output without", async () => {
    for (const format of ["png", "jpeg", "tiff"] as const) {
      const { icc, exif, xmp, iptc } = (await written(format, {})).found;
      expect({ icc, exif, xmp, iptc }).toEqual({});
    }
  });
});

describe("the final path", () => {
  async function finished(path: string, options: Needed): Promise<void> {
    const sink = await opened(path, small, options);
    await writeAll(sink, noise(small), small);
    await sink.finish({ signal });
  }

  test("an existing file is untouched without force, and replaced with it", async () => {
    const { path, folder } = await place("out.png");
    await writeFile(path, "mine");
    await expect(opened(path, small, { folder, format: "png" })).rejects.toMatchObject({
      _tag: "OutputError",
      message: `${path}: exists already; \`force\` replaces it`,
    });
    expect(await readFile(path, "utf8")).toBe("mine");
    expect(await readdir(folder)).toEqual([]);
    await finished(path, { folder, format: "png", force: true });
    expect(firstDifference(await samplesOf(path, small), noise(small))).toBeUndefined();
  });

  test("a file that appears during the run is not replaced without force", async () => {
    const { path, folder } = await place("out.png");
    const sink = await opened(path, small, { folder, format: "png" });
    await writeAll(sink, noise(small), small);
    await writeFile(path, "mine");
    await expect(sink.finish({ signal })).rejects.toMatchObject({ _tag: "OutputError" });
    expect(await readFile(path, "utf8")).toBe("mine");
  });

  test("force replaces a link, not what it points to", async () => {
    const { path, folder, parent } = await place("out.png");
    const target = join(parent, "target");
    await writeFile(target, "mine");
    await symlink(target, path);
    await expect(opened(path, small, { folder, format: "png" })).rejects.toMatchObject({
      _tag: "OutputError",
    });
    await finished(path, { folder, format: "png", force: true });
    expect(await readFile(target, "utf8")).toBe("mine");
    expect(firstDifference(await samplesOf(path, small), noise(small))).toBeUndefined();
  });

  test("a folder, a device and a path through a file are refused, also with force", async () => {
    const { path, folder, parent } = await place("out.png");
    await writeFile(path, "mine");
    for (const wrong of [parent, "/dev/null", join(path, "out.png"), join(parent, "no", "out.png")])
      await expect(
        opened(wrong, small, { folder, format: "png", force: true }),
      ).rejects.toMatchObject({ _tag: "OutputError", path: wrong });
  });

  test("closing without finishing leaves nothing, twice is fine", async () => {
    const { path, folder, parent } = await place("out.png");
    // Slow enough to be caught by the closing; on a closed descriptor it would fail.
    const slow: Pool = {
      ...pool,
      async run(task, job, moved) {
        if (task === "storeRows") await setTimeout(50);
        return pool.run(task, job, moved);
      },
    };
    const sink = await opened(path, small, { folder, format: "png", pool: slow });
    const block = unchanged(noise(small), small, { x: 0, y: 0, width: 30, height: 5 });
    const underWay = sink.write(block, { signal });
    await sink.close();
    await underWay;
    await sink.close();
    expect(await readdir(parent)).toEqual([".run"]);
    expect(await readdir(folder)).toEqual([]);
    const late = unchanged(noise(small), small, { x: 0, y: 5, width: 30, height: 5 });
    await expect(sink.write(late, { signal })).rejects.toThrow("closed");
  });

  test("a picture with a pixel missing is never published", async () => {
    const { path, folder, parent } = await place("out.png");
    const sink = await opened(path, small, { folder, format: "png" });
    const rect = { x: 0, y: 0, width: 30, height: 19 };
    await sink.write(unchanged(noise(small), small, rect), { signal });
    await expect(sink.finish({ signal })).rejects.toThrow("only 570 of 600 pixels");
    expect(await readdir(parent)).toEqual([".run"]);
  });

  test("an aborted signal publishes nothing", async () => {
    const { path, folder, parent } = await place("out.png");
    const sink = await opened(path, small, { folder, format: "png" });
    await writeAll(sink, noise(small), small);
    const during = new AbortController();
    const finishing = sink.finish({ signal: during.signal });
    during.abort();
    await expect(finishing).rejects.toThrow("aborted");
    expect(await readdir(parent)).toEqual([".run"]);
  });

  test("a failed encoding is an IoError naming the output", async () => {
    const { path, folder, parent } = await place("out.png");
    const sink = await opened(path, small, { folder, format: "png" });
    await writeAll(sink, noise(small), small);
    await rm(folder, { recursive: true });
    const error: unknown = await sink.finish({ signal }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ _tag: "IoError", path });
    expect(String(error)).not.toContain("\n");
    expect(await readdir(parent)).toEqual([]);
  });
});

test.each([
  { name: "16 bit", image: { bits: 16 }, says: "Expected 8 bits for a JPEG but received 16" },
  { name: "alpha", image: { channels: 4 }, says: "no transparency" },
  { name: "a side of 65501", image: { width: 65501 }, says: "at most 65500 pixels a side" },
] as const)("JPEG: $name is refused before any work", async ({ image, says }) => {
  const { path, folder } = await place("out.jpg");
  const sink = opened(path, { ...small, ...image }, { folder, format: "jpeg" });
  await expect(sink).rejects.toMatchObject({ _tag: "OptionError" });
  await expect(sink).rejects.toThrow(says);
  expect(await readdir(folder)).toEqual([]);
});

test("a block outside the picture or of other channels is refused", async () => {
  const { path, folder } = await place("out.png");
  const sink = await opened(path, small, { folder, format: "png" });
  const block = unchanged(noise(small), small, { x: 0, y: 0, width: 2, height: 2 });
  const outside = { ...block, rect: { x: 29, y: 0, width: 2, height: 2 } };
  await expect(sink.write(outside, { signal })).rejects.toThrow("does not fit 30×20×3");
  const grey = { ...block, source: { ...block.source, channels: 1 } };
  await expect(sink.write(grey, { signal })).rejects.toThrow("does not fit 30×20×3");
});
