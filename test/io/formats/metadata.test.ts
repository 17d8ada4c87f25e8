/** What files say beside their pixels: our readers of Exif fields, PNG chunks, JPEG segments and GIF codes. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import {
  densityOf,
  orientationOf,
  sayingUpright,
  withMark,
  withoutMark,
} from "../../../src/io/formats/exif/fields.ts";
import { gifDamage } from "../../../src/io/formats/gif/frame.ts";
import { readGifWords } from "../../../src/io/formats/gif/metadata.ts";
import { readJpegSegments } from "../../../src/io/formats/jpeg/segments.ts";
import { strangeColours } from "../../../src/io/formats/png/colours.ts";
import { rawProfileText, readRawProfile } from "../../../src/io/formats/png/raw-profile.ts";
import { readPngChunks } from "../../../src/io/formats/png/read-chunks.ts";
import { imageOf, noise, pngChunk, temporaryFolder } from "../sources/images.ts";

/** Without a size they would be ten at most. */
const bytes = fc.uint8Array({ maxLength: 400, size: "max" }).map((array) => Buffer.from(array));
const small = { width: 9, height: 7, channels: 3, bits: 8 } as const;

/** The file `make` makes, at a path. */
async function at(content: Buffer): Promise<string> {
  const path = join(await temporaryFolder(), "file");
  await writeFile(path, content);
  return path;
}

describe("Exif", () => {
  const made = async (density: number, orientation: number) => {
    const image = imageOf(noise(small), small).withMetadata({ density, orientation });
    return (await sharp(await image.jpeg().toBuffer()).metadata()).exif as Buffer;
  };

  test("orientation and density are read, with and without the mark of a JPEG", async () => {
    for (const [density, orientation] of [
      [300, 6],
      [72, 1],
      [96, 8],
    ] as const) {
      const exif = await made(density, orientation);
      for (const block of [withMark(exif), withoutMark(exif)]) {
        expect(orientationOf(block)).toBe(orientation);
        expect(densityOf(block)).toBe(density);
      }
    }
  });

  test("made upright, it differs in the orientation alone", async () => {
    const exif = await made(300, 6);
    const upright = sayingUpright(exif);
    expect(orientationOf(upright)).toBe(1);
    expect(orientationOf(exif)).toBe(6);
    expect(exif.filter((byte, i) => byte !== upright[i])).toEqual(Buffer.from([6]));
  });

  test("a big-endian block in dots a centimetre", () => {
    const block = Buffer.from(
      "4d4d002a00000008000301120003000000010003000001" +
        "1a000500000001000000320128000300000001000300000000000000000064 00000001".replace(" ", ""),
      "hex",
    );
    expect(orientationOf(block)).toBe(3);
    expect(densityOf(block)).toBeCloseTo(254);
  });

  test("no bytes make it throw", () => {
    const head = fc.constantFrom(
      "",
      "II*\0\x08\0\0\0",
      "MM\0*\0\0\0\x08",
      "Exif\0\0II*\0\x08\0\0\0",
    );
    fc.assert(
      fc.property(head, bytes, (start, rest) => {
        const block = Buffer.concat([Buffer.from(start, "latin1"), rest]);
        orientationOf(block);
        densityOf(block);
        expect(sayingUpright(block).length).toBe(block.length);
      }),
      { numRuns: 2000 },
    );
  });

  test("no byte that is changed makes it throw, and most leave the rest readable", async () => {
    const exif = withoutMark(await made(300, 6));
    const found = { orientation: 0, density: 0 };
    for (let place = 0; place < exif.length; place++) {
      const block = Buffer.from(exif);
      block[place] = (block[place] as number) ^ 4;
      if (orientationOf(block) === 6) found.orientation++;
      if (densityOf(block) === 300) found.density++;
      expect(sayingUpright(block).length).toBe(block.length);
    }
    for (const times of Object.values(found)) {
      expect(times).toBeGreaterThan(exif.length / 2);
      expect(times).toBeLessThan(exif.length);
    }
  });
});

describe("PNG", () => {
  const text = pngChunk("tEXt", Buffer.from("Author\0Ann", "latin1"));
  const gamma = pngChunk("gAMA", Buffer.from([0, 1, 134, 160]));
  const exif = Buffer.from("II*\0\x08\0\0\0\0\0\0\0\0\0", "latin1");
  const captions = Buffer.from("\x1c\x02\x78\x00\x02Hi", "latin1");
  const profile = pngChunk(
    "zTXt",
    Buffer.concat([
      Buffer.from("Raw profile type iptc\0\0", "latin1"),
      deflateSync(Buffer.from(`\niptc\n       7\n${captions.toString("hex")}\n`)),
    ]),
  );
  const picture = () => imageOf(noise(small), small).png().toBuffer();
  /** Chunks before the pixels, and others after. */
  async function withChunks(before: Buffer[], after: Buffer[]): Promise<Buffer> {
    const file = await picture();
    return Buffer.concat([
      ...[file.subarray(0, 33), ...before],
      ...[file.subarray(33, -12), ...after, file.subarray(-12)],
    ]);
  }

  test("chunks are found before and after the pixels, whole", async () => {
    const file = await withChunks([gamma, profile], [text, pngChunk("eXIf", exif)]);
    const found = await readPngChunks(await at(file));
    expect(found).toMatchObject({ frames: 1, damaged: [], texts: [text] });
    expect(found.meaning).toContainEqual(gamma);
    expect(found.exif?.equals(exif)).toBe(true);
    expect(found.iptc?.equals(captions)).toBe(true);
  });

  test("captions that ExifTool stores as resources, and calls IPTC, go into other formats", async () => {
    // The number of captions, an empty name, their length.
    const resources = Buffer.concat([
      Buffer.from("8BIM\x04\x04\0\0\0\0\0\x07", "latin1"),
      captions,
    ]);
    const hex = resources.toString("hex");
    const told = pngChunk(
      "tEXt",
      Buffer.from(`Raw profile type iptc\0\nIPTC profile\n${resources.length}\n${hex}\n`, "latin1"),
    );
    const { iptc } = await readPngChunks(await at(await withChunks([told], [])));
    expect(iptc?.toString("latin1")).toBe(`Photoshop 3.0\0${resources.toString("latin1")}`);
  });

  test("reports a bit flipped in any chunk but pixels", async () => {
    for (const whole of [
      gamma,
      text,
      pngChunk("iCCP", Buffer.from("x\0\0abc")),
      pngChunk("abCd", exif),
    ])
      for (let byte = 8; byte < whole.length; byte++) {
        const flipped = Buffer.from(whole);
        flipped[byte] = (flipped[byte] as number) ^ 4;
        for (const file of [await withChunks([flipped], []), await withChunks([], [flipped])])
          expect((await readPngChunks(await at(file))).damaged).toEqual([
            whole.toString("latin1", 4, 8),
          ]);
      }
  });

  test("no bytes make it throw, or lose what is whole before them", async () => {
    await fc.assert(
      fc.asyncProperty(bytes, fc.nat(60), async (noiseBytes, keep) => {
        const file = await withChunks([gamma, profile], [text]);
        const path = await at(Buffer.concat([file.subarray(0, 8 + keep), noiseBytes]));
        const found = await readPngChunks(path);
        expect(found.frames).toBeGreaterThanOrEqual(0);
        // Behind the head, of 25 bytes.
        if (keep >= 25 + gamma.length) expect(found.meaning[0]).toEqual(gamma);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    { name: "linear light", chunks: [gamma], strange: ["gAMA"] },
    {
      name: "sRGB's gamma",
      chunks: [pngChunk("gAMA", Buffer.from([0, 0, 177, 143]))],
      strange: [],
    },
    {
      name: "linear light but sRGB said",
      chunks: [gamma, pngChunk("sRGB", Buffer.from([0]))],
      strange: [],
    },
    {
      name: "BT.2020 PQ",
      chunks: [pngChunk("cICP", Buffer.from([9, 16, 0, 1]))],
      strange: ["cICP"],
    },
    { name: "sRGB by code", chunks: [pngChunk("cICP", Buffer.from([1, 13, 0, 1]))], strange: [] },
    { name: "nothing", chunks: [], strange: [] },
  ])("colours of $name", ({ chunks, strange }) => {
    expect(strangeColours(chunks)).toEqual(strange);
  });
});

test("a raw profile is read as it was written", () => {
  fc.assert(
    fc.property(bytes, fc.constantFrom("iptc", "8bim", "exif"), (block, kind) => {
      fc.pre(block.length > 0);
      const read = readRawProfile("tEXt", rawProfileText({ kind, bytes: block }));
      expect(read?.kind).toBe(kind);
      expect(read?.bytes.equals(block)).toBe(true);
    }),
  );
});

describe("what a GIF says", () => {
  const xmp = Buffer.from(`<x:xmpmeta>${"much text ".repeat(60)}</x:xmpmeta>`);
  const icc = Buffer.from(noise({ ...small, width: 40 }));
  const application = (name: string, data: Buffer) =>
    Buffer.concat([Buffer.from(`\x21\xff\x0b${name}`, "latin1"), data]);
  /** XMP Specification Part 3: the text as it is, 1, 255 … 0, 0. */
  const ofXmp = (text: Buffer) =>
    application(
      "XMP DataXMP",
      Buffer.concat([text, Buffer.of(1, ...Array.from({ length: 256 }, (_, i) => 255 - i), 0)]),
    );
  /** ICC.1: blocks of up to 255 bytes, each after its length. */
  const ofIcc = (profile: Buffer) => {
    const blocks: Buffer[] = [];
    for (let start = 0; start < profile.length; start += 255) {
      const block = profile.subarray(start, start + 255);
      blocks.push(Buffer.of(block.length), block);
    }
    return application("ICCRGBG1012", Buffer.concat([...blocks, Buffer.of(0)]));
  };
  /** A GIF with `extensions` after its screen and colours. */
  async function withExtensions(...extensions: Buffer[]): Promise<Buffer> {
    const gif = await imageOf(noise(small), small).gif().toBuffer();
    const flags = gif[10] as number;
    const start = 13 + (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
    return Buffer.concat([gif.subarray(0, start), ...extensions, gif.subarray(start)]);
  }

  test("XMP and the profile are found byte for byte, and no damage", async () => {
    const path = await at(await withExtensions(ofXmp(xmp), ofIcc(icc)));
    const words = await readGifWords(path);
    expect(words.xmp?.equals(xmp)).toBe(true);
    expect(words.icc?.equals(icc)).toBe(true);
    expect(await gifDamage(path)).toBeUndefined();
    expect(await readGifWords(await at(await withExtensions()))).toEqual({});
  });

  test("no cut or flipped bit makes it throw, and what is whole is found", async () => {
    const gif = await withExtensions(ofXmp(xmp), ofIcc(icc));
    let whole = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(gif.length - 1), fc.nat(7), fc.boolean(), async (place, bit, cut) => {
        const hurt = Buffer.from(cut ? gif.subarray(0, place) : gif);
        if (!cut) hurt[place] = (hurt[place] as number) ^ (1 << bit);
        const words = await readGifWords(await at(hurt));
        expect(words.xmp?.length ?? 0).toBeLessThan(gif.length);
        if (words.xmp?.equals(xmp) || words.icc?.equals(icc)) whole++;
      }),
      { numRuns: 200 },
    );
    expect(whole).toBeGreaterThan(20);
    expect(whole).toBeLessThan(200);
  });
});

describe("JPEG", () => {
  test("comments are found whole, and a density only with its unit", async () => {
    const comment = Buffer.from("\xff\xfe\0\x07Hello", "latin1");
    for (const [unit, density] of [
      [0, undefined],
      [1, 300],
      [2, 762],
    ] as const) {
      const jfif = Buffer.from("\xff\xe0\0\x10JFIF\0\x01\x02\0\x01\x2c\x01\x2c\0\0", "latin1");
      jfif[11] = unit;
      const picture = await imageOf(noise(small), small).jpeg().toBuffer();
      const file = Buffer.concat([picture.subarray(0, 2), jfif, comment, picture.subarray(2)]);
      const found = await readJpegSegments(await at(file));
      expect(found.density).toBe(density);
      expect(found.kept).toEqual([comment]);
    }
  });

  test("no bytes make it throw, run on, or lose what is whole before them", async () => {
    const comment = Buffer.from("\xff\xfe\0\x04Hi", "latin1");
    await fc.assert(
      fc.asyncProperty(bytes, async (rest) => {
        const file = Buffer.concat([Buffer.of(0xff, 0xd8), comment, rest]);
        const { kept } = await readJpegSegments(await at(file));
        // A segment is looked for where sixteen bytes are left.
        if (rest.length >= 10) expect(kept[0]).toEqual(comment);
        expect(kept.length).toBeLessThan(400);
      }),
      { numRuns: 200 },
    );
  });
});

describe("GIF", () => {
  const kinds = fc.record({
    width: fc.integer({ min: 1, max: 120 }),
    height: fc.integer({ min: 1, max: 120 }),
    colours: fc.constantFrom(2, 4, 16, 256),
    progressive: fc.boolean(),
    plain: fc.boolean(),
    seed: fc.nat(),
  });

  test("reports nothing of a whole file, and missing pixels without its last codes", async () => {
    await fc.assert(
      fc.asyncProperty(kinds, async ({ width, height, colours, progressive, plain, seed }) => {
        const picture = { width, height, channels: 3, bits: 8 } as const;
        const samples = plain ? new Uint8Array(3 * width * height) : noise(picture, seed);
        const file = await imageOf(samples, picture).gif({ colours, progressive }).toBuffer();
        expect(await gifDamage(await at(file))).toBeUndefined();
        // The file ends with a block of data, an empty one and the end mark: half of that block is taken away.
        const data = lastBlock(file);
        const kept = Math.floor((data.end - data.start) / 2);
        const cut = Buffer.concat([
          file.subarray(0, data.start - 1),
          Buffer.from([kept]),
          file.subarray(data.start, data.start + kept),
          ...(kept > 0 ? [Buffer.from([0])] : []),
          file.subarray(-1),
        ]);
        // The end mark and its filling have up to 19 bits.
        if (data.end - data.start - kept < 3) return;
        expect(await gifDamage(await at(cut))).toMatch(/pixels are missing$/);
      }),
      { numRuns: 40 },
    );
  });

  test("reports a file that is cut short", async () => {
    const file = await imageOf(noise(small), small).gif().toBuffer();
    for (let end = 13; end < file.length - 2; end += 7)
      expect(await gifDamage(await at(file.subarray(0, end)))).toBeDefined();
  });
});

/** Where the last block of data in a GIF of one picture lies. */
function lastBlock(file: Buffer): { start: number; end: number } {
  const table = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + table(file[10] as number);
  while (file[at] === 0x21) {
    at += 2;
    while (file[at] !== 0) at += 1 + (file[at] as number);
    at += 1;
  }
  at += 10 + table(file[at + 9] as number) + 1;
  let last = { start: at + 1, end: at + 1 };
  while (file[at] !== 0) {
    last = { start: at + 1, end: at + 1 + (file[at] as number) };
    at = last.end;
  }
  return last;
}
