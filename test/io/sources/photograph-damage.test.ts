/** Damaged pictures of every format: refused in one line, or read to the last pixel; nothing in between. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import type { Sharp } from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";
import { isDeblurError } from "../../../src/errors.ts";
import { imageOf, pngChunk, type Samples, temporaryFolder } from "./images.ts";
import { openFresh } from "./open-fresh.ts";

const signal = new AbortController().signal;
const size = { width: 90, height: 70 } as const;

/** A wave in colours, so that every format has something to code. */
function wave(channels: 3 | 4): Samples {
  return new Uint8Array(size.width * size.height * channels).map((_, i) => {
    const x = Math.floor(i / channels) % size.width;
    return 128 + 90 * Math.sin(x / 5 + (i % channels) + i / 4000);
  });
}

function picture(channels: 3 | 4): Sharp {
  return imageOf(wave(channels), { ...size, channels, bits: 8 });
}

const described = (image: Sharp) => image.withMetadata({ density: 300, orientation: 6, icc: "p3" });

const encoders = {
  png: () => described(picture(3)).png(),
  "interlaced png": () => picture(4).png({ progressive: true }),
  "palette png": () => picture(3).png({ palette: true }),
  jpeg: () => described(picture(3)).jpeg(),
  "progressive jpeg": () => picture(3).jpeg({ progressive: true }),
  webp: () => described(picture(4)).webp(),
  "lossless webp": () => picture(3).webp({ lossless: true }),
  avif: () => described(picture(4)).avif({ effort: 0 }),
  gif: () => picture(3).gif(),
  tiff: () => picture(3).tiff({ compression: "deflate" }),
  "tiled tiff": () =>
    picture(3).tiff({ compression: "lzw", tile: true, tileWidth: 32, tileHeight: 32 }),
};

async function openedFolder(): Promise<{ path: string; folder: string }> {
  const parent = await temporaryFolder();
  const folder = join(parent, "run");
  await mkdir(folder);
  return { path: join(parent, "in"), folder };
}

/** All samples of a file of these bytes, or the message it is refused with. */
async function attempt(bytes: Buffer): Promise<Samples | string> {
  const { path, folder } = await openedFolder();
  await writeFile(path, bytes);
  try {
    const source = await openFresh(path, { folder, maxPixels: 1e6, tolerant: false });
    try {
      const { width, height } = source;
      return (await source.read({ x: 0, y: 0, width, height }, { signal })).samples as Samples;
    } finally {
      await source.close();
    }
  } catch (error) {
    if (!isDeblurError(error, "InputError")) throw error;
    expect(error.message.startsWith(`${path}: `)).toBe(true);
    expect(error.message).not.toContain("\n");
    expect(error.message).not.toMatch(/\(\)|undefined|failOn/);
    expect(await readdir(folder)).toEqual([]);
    return error.message;
  }
}

describe.each(Object.entries(encoders))("%s", (name, encoder) => {
  test("cut anywhere, it is refused, or was whole by then", async () => {
    const bytes = await encoder().toBuffer();
    const whole = (await attempt(bytes)) as Samples;
    expect(typeof whole).toBe("object");
    const cuts = [
      0,
      1,
      3,
      7,
      13,
      ...Array.from({ length: 12 }, (_, i) => ((i + 1) * bytes.length) / 13),
    ];
    for (const end of [...cuts, bytes.length - 13, bytes.length - 5, bytes.length - 2]) {
      const found = await attempt(bytes.subarray(0, end));
      if (typeof found !== "string") expect(found, `cut at ${end}`).toEqual(whole);
    }
  });

  test("with a bit flipped, it is refused or read, never more", async () => {
    const bytes = await encoder().toBuffer();
    const ends = { read: 0, refused: 0 };
    for (let i = 0; i < 40; i++) {
      // The head closely, the rest here and there.
      const at = i < 24 ? i : Math.floor(((i - 23) * bytes.length) / 17);
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << (i % 8));
      ends[typeof (await attempt(flipped)) === "string" ? "refused" : "read"]++;
    }
    expect(ends.refused).toBeGreaterThan(0);
    // Every bit of a PNG is below a checksum.
    if (!name.endsWith("png")) expect(ends.read).toBeGreaterThan(0);
  });
});

test.each(["png", "interlaced png", "palette png"] as const)(
  "%s: a flipped bit never goes unnoticed",
  async (name) => {
    const bytes = await encoders[name]().toBuffer();
    for (let i = 0; i < 60; i++) {
      const flipped = Buffer.from(bytes);
      const at = Math.floor((i * bytes.length) / 60);
      flipped[at] = (flipped[at] as number) ^ (1 << (i % 8));
      expect(typeof (await attempt(flipped)), `byte ${at}`).toBe("string");
    }
  },
);

test("reports a damaged profile, and reads the image without it if tolerant", async () => {
  const bytes = await encoders.png().toBuffer();
  const at = bytes.indexOf("iCCP") + 40;
  bytes[at] = (bytes[at] as number) ^ 1;
  expect(await attempt(bytes)).toMatch(
    /damaged or cut short PNG \(chunk iCCP without its checksum\)$/,
  );
  const { path, folder } = await openedFolder();
  await writeFile(path, bytes);
  const source = await openFresh(path, { folder, maxPixels: 1e6, tolerant: true });
  onTestFinished(() => source.close());
  expect(source).toMatchObject({ ...size, channels: 3 });
  expect(source.metadata.icc).toBeUndefined();
});

function claimingPng(width: number, height: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 6], 8);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  const pixels = deflateSync(Buffer.alloc(1000));
  return Buffer.concat([
    ...[
      signature,
      pngChunk("IHDR", head),
      pngChunk("IDAT", pixels),
      pngChunk("IEND", Buffer.alloc(0)),
    ],
  ]);
}

function claimingGif(width: number, height: number): Buffer {
  const gif = Buffer.from(
    "GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\0\0\0\0\0\x02\x02\x44\x01\0;",
    "latin1",
  );
  for (const at of [6, 24]) {
    gif.writeUInt16LE(width, at);
    gif.writeUInt16LE(height, at + 2);
  }
  return gif;
}

async function claimingAvif(width: number, height: number): Promise<Buffer> {
  const avif = await picture(3).avif({ effort: 0 }).toBuffer();
  const at = avif.indexOf("ispe") + 8;
  avif.writeUInt32BE(width, at);
  avif.writeUInt32BE(height, at + 4);
  return avif;
}

describe("a size is refused before anything is allocated for it", () => {
  test.each([
    { name: "PNG", file: () => claimingPng(60000, 60000), says: "found 60000×60000 = 3600000000" },
    { name: "GIF", file: () => claimingGif(65535, 65535), says: "found 65535×65535 = 4294836225" },
    {
      name: "AVIF",
      file: () => claimingAvif(60000, 60000),
      says: "found 60000×60000 = 3600000000",
    },
    {
      name: "a GIF's canvas",
      file: () => claimingGif(9000, 9000),
      says: "67108864 pixels in a GIF",
    },
    { name: "one row", file: () => claimingPng(9_000_000, 20), says: "8388608 bytes in a row" },
  ])("$name", async ({ file, says }) => {
    const { path, folder } = await openedFolder();
    await writeFile(path, await file());
    const opening = openFresh(path, { folder, maxPixels: 1e9, tolerant: false });
    await expect(opening).rejects.toMatchObject({ _tag: "InputError" });
    await expect(opening).rejects.toThrow(says);
    expect(await readdir(folder)).toEqual([]);
  });

  test("an AVIF whose pixels are fewer than it says", async () => {
    expect(await attempt(await claimingAvif(900, 700))).toMatch(/damaged or cut short AVIF/);
  });

  test("a GIF whose pixels are fewer than it says", async () => {
    expect(await attempt(claimingGif(900, 700))).toMatch(/629999 of 630000 pixels are missing/);
  });
});
