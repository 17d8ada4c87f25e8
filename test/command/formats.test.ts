/**
 * Tests every pair of formats with the engine that changes nothing: pixels, metadata and orientation. sharp reads the
 * outputs, independently of our code.
 */

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { describe, expect, test } from "vitest";
import { deblurFile } from "../../dist/src/pipeline/run/deblur-file.js";
import {
  firstDifference,
  type Image,
  imageOf,
  noise,
  pngChunk,
  temporaryFolder,
} from "../io/sources/images.ts";

const inputs = ["png", "jpeg", "webp", "avif"] as const;
type Input = (typeof inputs)[number];
const outputs = ["png", "jpeg", "webp", "avif", "tiff"] as const;
type Output = (typeof outputs)[number];

/** Both ends of a run, and its notes. */
interface Ran {
  readonly input: string;
  readonly output: string;
  readonly notes: readonly string[];
}

async function run(bytes: Buffer, format: Output, options: object = {}): Promise<Ran> {
  const folder = await temporaryFolder();
  const [input, output] = [join(folder, "in"), join(folder, `out.${format}`)];
  await writeFile(input, bytes);
  const notes: string[] = [];
  await deblurFile(
    input,
    output,
    { engine: "copy", tile: 64, halo: 16, threads: 1, ...options },
    { onNote: (note) => notes.push(note.replaceAll(`${folder}/`, "")) },
  );
  return { input, output, notes };
}

const lossless = { png: {}, tiff: {}, webp: { quality: 100 }, avif: { quality: 100 } } as const;

/** All samples of a file, grey as three equal channels. */
async function colours(
  path: string | Buffer,
  { bits }: { bits: 8 | 16 },
): Promise<Uint16Array<ArrayBuffer>> {
  const image = sharp(path, { ignoreIcc: true }).toColourspace(bits === 8 ? "srgb" : "rgb16");
  const bytes = await image
    .ensureAlpha()
    .raw({ depth: bits === 8 ? "uchar" : "ushort" })
    .toBuffer();
  return bits === 8 ? Uint16Array.from(bytes) : new Uint16Array(Uint8Array.from(bytes).buffer);
}

describe("unchanged pixels", () => {
  const kinds: Image[] = ([8, 16] as const).flatMap((bits) =>
    ([1, 2, 3, 4] as const).map((channels) => ({ width: 71, height: 53, channels, bits })),
  );

  test.each(
    kinds.flatMap((kind) =>
      (["png", "webp", "avif"] as const).map((format) => ({ ...kind, format })),
    ),
  )("$channels × $bits bit into $format", async ({ format, ...kind }) => {
    const bytes = await imageOf(noise(kind), kind).png().toBuffer();
    if (format === "webp" && kind.bits === 16) {
      const { notes } = await run(bytes, format, lossless.webp);
      expect(notes).toEqual(["out.webp: 16 bits become 8, WebP has no more"]);
      return;
    }
    const { output, notes } = await run(bytes, format, lossless[format]);
    const found = await colours(output, kind);
    const expected = await colours(bytes, kind);
    const twelve = format === "avif" && kind.bits === 16;
    expect(notes).toEqual(twelve ? ["out.avif: 16 bits become 12, AVIF has no more"] : []);
    const kept = twelve ? expected.map((value) => value & 0xfff0) : expected;
    // A missing alpha is opaque, whatever the depth.
    const comparable =
      twelve && kind.channels % 2 === 1 ? withoutAlpha : (all: Uint16Array<ArrayBuffer>) => all;
    expect(firstDifference(comparable(found), comparable(kept))).toBeUndefined();
    const { hasAlpha } = await sharp(output).metadata();
    expect(hasAlpha).toBe(kind.channels % 2 === 0);
  });

  test("keep the 12 bits of an AVIF", async () => {
    const kind = { width: 40, height: 30, channels: 3, bits: 16 } as const;
    const image = imageOf(noise(kind), kind);
    const bytes = await image.avif({ lossless: true, bitdepth: 12, effort: 0 }).toBuffer();
    const { output, notes } = await run(bytes, "avif", lossless.avif);
    expect(notes).toEqual([]);
    expect(
      firstDifference(await colours(output, kind), await colours(bytes, kind)),
    ).toBeUndefined();
  });
});

function withoutAlpha(samples: Uint16Array<ArrayBuffer>): Uint16Array<ArrayBuffer> {
  return samples.filter((_, i) => i % 4 !== 3);
}

/** An upright picture cannot be mistaken for one turned or mirrored. */
function corner(): Uint8Array {
  return new Uint8Array(48 * 32 * 3).map((_, i) => {
    const [x, y] = [Math.floor(i / 3) % 48, Math.floor(i / 3 / 48)];
    return x < 16 && y < 8 ? 230 : 40 + 3 * (i % 3) + x + y;
  });
}

const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/">é</x:xmpmeta>';

/** Makes an image of `format` with all metadata that the format can hold. */
async function described(format: Input, orientation: number): Promise<Buffer> {
  const image = sharp(corner(), { raw: { width: 48, height: 32, channels: 3 } })
    .withMetadata({ density: 300, orientation, icc: "p3" })
    .withExifMerge({
      IFD0: { Artist: "Somebody", Make: "A maker" },
      IFD3: { GPSMapDatum: "WGS-84" },
    })
    .withXmp(xmp);
  const encoded: Readonly<Record<Input, (image: Sharp) => Sharp>> = {
    png: (it) => it.png(),
    jpeg: (it) => it.jpeg({ quality: 100, chromaSubsampling: "4:4:4" }),
    webp: (it) => it.webp({ lossless: true }),
    avif: (it) => it.avif({ lossless: true, effort: 0 }),
  };
  return encoded[format](image).toBuffer();
}

const bare = (exif: Buffer | undefined) =>
  exif?.subarray(exif.toString("latin1", 0, 4) === "Exif" ? 6 : 0);

/** Returns the image as a viewer shows it. */
async function shown(path: string | Buffer): Promise<{ size: string; samples: Uint8Array }> {
  const image = sharp(path, { ignoreIcc: true }).autoOrient().removeAlpha().raw();
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  return { size: `${info.width}×${info.height}`, samples: data };
}

describe.each(inputs)("from %s", (from) => {
  test.each(outputs)(
    "to %s: keeps the bytes of profile, Exif and XMP, and the orientation",
    async (to) => {
      const bytes = await described(from, 6);
      const { output } = await run(bytes, to, to === "jpeg" ? { quality: 100 } : lossless[to]);
      const [source, found] = [await sharp(bytes).metadata(), await sharp(output).metadata()];
      expect(found.icc?.equals(source.icc as Buffer)).toBe(true);
      expect(found.xmp?.toString()).toBe(xmp);
      if (to !== "tiff") {
        const expected = Buffer.from(bare(source.exif) as Buffer);
        expect(expected.includes("Somebody")).toBe(true);
        // The decoder of an AVIF turns its pixels: the metadata must not turn them again.
        if (from === "avif")
          expected.writeUInt16LE(1, expected.indexOf("120103000100000006", 0, "hex") + 8);
        expect(bare(found.exif)?.equals(expected)).toBe(true);
      }
      if (to === "png" || to === "jpeg" || to === "tiff") expect(found.density).toBe(300);
      const [before, after] = [await shown(bytes), await shown(output)];
      expect(after.size).toBe(before.size);
      const far = before.samples.map((value, i) => Math.abs(value - (after.samples[i] as number)));
      expect(Math.max(...far)).toBeLessThanOrEqual(to === "jpeg" ? 8 : 0);
    },
  );
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "applies orientation %d once, into an AVIF and out of it",
  async (turn) => {
    const bytes = await described("png", turn);
    const avif = await run(bytes, "avif", lossless.avif);
    expect(await shown(avif.output)).toEqual(await shown(bytes));
    const back = await run(await readFile(avif.output), "png");
    expect(await shown(back.output)).toEqual(await shown(bytes));
    expect((await sharp(back.output).metadata()).orientation ?? 1).toBe(1);
  },
);

test.each(outputs)("keeps only the meaning of the pixels in a stripped %s", async (to) => {
  const bytes = await described("jpeg", 6);
  const { output, notes } = await run(bytes, to, { stripMetadata: true });
  const found = await sharp(output).metadata();
  expect(found.icc).toBeDefined();
  expect(found.xmp).toBeUndefined();
  expect((await readFile(output)).includes("Somebody")).toBe(false);
  expect(notes).toEqual([]);
  expect((await shown(output)).size).toBe("32×48");
});

test("keeps a profile of several segments of a JPEG", async () => {
  const create = { width: 9, height: 9, channels: 3, background: "red" } as const;
  const { icc = Buffer.alloc(0) } = await sharp(
    await sharp({ create }).toColourspace("cmyk").withIccProfile("cmyk").jpeg().toBuffer(),
  ).metadata();
  expect(icc.length).toBeGreaterThan(2 ** 17);
  const folder = await temporaryFolder();
  const profile = join(folder, "large.icc");
  // Readers ignore bytes after the profile; here they enlarge one of RGB.
  const { icc: plain = Buffer.alloc(0) } = await sharp(
    await sharp({ create }).withIccProfile("p3").png().toBuffer(),
  ).metadata();
  const large = Buffer.concat([plain, noiseBytes(150_000)]);
  large.writeUInt32BE(large.length, 0);
  await writeFile(profile, large);
  const jpeg = await sharp({ create }).withIccProfile(profile).jpeg().toBuffer();
  expect((await sharp(jpeg).metadata()).icc?.equals(large)).toBe(true);
  for (const to of outputs) {
    const { output } = await run(jpeg, to);
    expect((await sharp(output).metadata()).icc?.equals(large), to).toBe(true);
  }
});

function noiseBytes(length: number): Buffer {
  const kind = { width: length, height: 1, channels: 1, bits: 8 } as const;
  return Buffer.from(noise(kind) as Uint8Array);
}

test("refuses an image that the output cannot hold before an engine is opened", async () => {
  const kind = { width: 20, height: 10, channels: 4, bits: 8 } as const;
  const folder = await temporaryFolder();
  const input = join(folder, "in.png");
  await imageOf(noise(kind), kind).png().toFile(input);
  const openEngine = () => Promise.reject(new Error("an engine was opened"));
  const refused = deblurFile(input, join(folder, "out.jpg"), {}, { openEngine });
  await expect(refused).rejects.toThrow(
    "Expected no transparency for a JPEG but the picture has it",
  );
  expect(await readdir(folder)).toEqual(["in.png"]);
});

describe("texts of a PNG", () => {
  const gamma = pngChunk("gAMA", Buffer.from([0, 1, 134, 160]));
  const ratio = pngChunk("pHYs", Buffer.from([0, 0, 0, 2, 0, 0, 0, 1, 0]));
  const author = pngChunk("tEXt", Buffer.from("Author\0Ann", "latin1"));
  const comment = pngChunk("iTXt", Buffer.from("Comment\0\0\0de\0\0Grüße", "utf8"));
  const kind = { width: 20, height: 10, channels: 1, bits: 8 } as const;

  async function wordy(): Promise<Buffer> {
    const png = await imageOf(noise(kind), kind).png().toBuffer();
    // Replaces sharp's own density: a PNG has one at most.
    const head = png.indexOf("pHYs") < 0 ? 33 : 33 + 21;
    return Buffer.concat([
      ...[png.subarray(0, 33), gamma, ratio, author, png.subarray(head, -12)],
      ...[comment, png.subarray(-12)],
    ]);
  }

  test("are copied into another PNG unchanged, once", async () => {
    const { output, notes } = await run(await wordy(), "png");
    expect(notes).toEqual([]);
    const file = await readFile(output);
    for (const chunk of [gamma, ratio, author, comment]) {
      const at = file.indexOf(chunk);
      expect(at).toBeGreaterThan(0);
      expect(file.lastIndexOf(chunk.subarray(4, 8))).toBe(at + 4);
    }
  });

  test("are stripped, except those with the meaning of the pixels", async () => {
    const file = await readFile((await run(await wordy(), "png", { stripMetadata: true })).output);
    expect([gamma, ratio, author, comment].map((chunk) => file.includes(chunk))).toEqual([
      ...[true, true, false, false],
    ]);
  });

  test.each(["jpeg", "webp", "tiff"] as const)("are left out of a %s, with a note", async (to) => {
    const { notes } = await run(await wordy(), to);
    const name = { jpeg: "JPEG", webp: "WebP", tiff: "TIFF" }[to];
    expect(notes).toEqual([
      `out.${to}: not kept, a ${name} has no place for them: gAMA, texts of the PNG`,
    ]);
  });
});

test("keeps the meaning of an AVIF's colours in a PNG, and reports its loss elsewhere", async () => {
  const kind = { width: 20, height: 10, channels: 3, bits: 8 } as const;
  const avif = await imageOf(noise(kind), kind).avif({ lossless: true, effort: 0 }).toBuffer();
  const code = avif.indexOf("colrnclx") + 8;
  expect(code).toBeGreaterThan(8);
  expect((await run(avif, "webp")).notes).toEqual([]);
  avif.set([0, 9, 0, 16], code); // BT.2020, PQ
  const { output, notes } = await run(avif, "png");
  expect(notes).toEqual([]);
  const chunk = pngChunk("cICP", Uint8Array.of(9, 16, 0, 1));
  expect((await readFile(output)).includes(chunk)).toBe(true);
  expect((await run(avif, "webp")).notes).toEqual([
    "out.webp: not kept, a WebP has no place for it: cICP",
  ]);
});

describe("IPTC captions", () => {
  const iptc = Buffer.from("\x1c\x02\x78\x00\x10Hello from there", "latin1");
  const resources = Buffer.concat([
    Buffer.from("8BIM\x04\x04\0\0\0\0\0\x15", "latin1"),
    ...[iptc, Buffer.alloc(1)],
    Buffer.from("8BIM\x03\xed\0\0\0\0\0\x02\0\x01", "latin1"),
  ]);
  const body = Buffer.concat([Buffer.from("Photoshop 3.0\0", "latin1"), resources]);

  async function captioned(): Promise<Buffer> {
    const jpeg = await sharp(corner(), { raw: { width: 48, height: 32, channels: 3 } })
      .jpeg()
      .toBuffer();
    const segment = Buffer.concat([Buffer.from([0xff, 0xed, 0, body.length + 2]), body]);
    return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
  }

  test("are copied through a PNG and back into a JPEG byte for byte", async () => {
    const png = await run(await captioned(), "png");
    expect(png.notes).toEqual([]);
    const jpeg = await run(await readFile(png.output), "jpeg");
    expect((await readFile(jpeg.output)).includes(body)).toBe(true);
  });

  test("are copied into a TIFF without Photoshop's wrapping", async () => {
    const { output } = await run(await captioned(), "tiff");
    const found = (await sharp(output).metadata()).iptc;
    expect(found?.subarray(0, iptc.length).equals(iptc)).toBe(true);
  });

  test.each(["webp", "avif"] as const)("are left out of a %s, with a note", async (to) => {
    const { notes } = await run(await captioned(), to);
    expect(notes).toEqual([expect.stringMatching(/^out\.\w+: not kept, .*: IPTC$/)]);
  });
});

test("copies a comment of a JPEG into another, and reports its loss elsewhere", async () => {
  const comment = Buffer.from("\xff\xfe\0\x07Hello", "latin1");
  const jpeg = await described("jpeg", 1);
  const commented = Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
  expect((await readFile((await run(commented, "jpeg")).output)).includes(comment)).toBe(true);
  expect((await run(commented, "png")).notes).toEqual([
    "out.png: not kept, a PNG has no place for it: comments of the JPEG",
  ]);
});

test.each(["png", "tiff"] as const)("leaves unreadable Exif out of a %s", async (to) => {
  const jpeg = await described("jpeg", 1);
  const start = jpeg.indexOf("Exif\0\0", 0, "latin1") + 6;
  jpeg.write("XX", start, "latin1");
  const { output, notes } = await run(jpeg, to);
  expect((await sharp(output).metadata()).exif).toBeUndefined();
  expect(notes).toContainEqual(expect.stringMatching(/^out\.\w+: not kept, .*: damaged Exif$/));
});

test("adds no texts to an image without any", async () => {
  const kind = { width: 20, height: 10, channels: 3, bits: 8 } as const;
  const bytes = await imageOf(noise(kind), kind).webp().toBuffer();
  for (const to of outputs) {
    const { output, notes } = await run(bytes, to);
    const { icc, exif, xmp, iptc } = await sharp(output).metadata();
    expect({ icc, exif, xmp, iptc }, to).toEqual({});
    expect((await readFile(output)).includes("pHYs")).toBe(false);
    expect(notes).toEqual([]);
  }
});
