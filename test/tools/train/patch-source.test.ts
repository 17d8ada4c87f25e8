import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { PairPlan } from "../../../src/operators/pairs/plan-pairs.ts";
import { planPairs } from "../../../src/operators/pairs/plan-pairs.ts";
import { openPatchSource } from "../../../src/tools/train/patch-source.ts";
import { type Image, imageOf, noise, temporaryFolder } from "../../io/sources/images.ts";

const signal = new AbortController().signal;
const rgb = { channels: 3, bits: 8 } as const;

/** A PNG of noise at `name`, and its samples. */
async function png(folder: string, name: string, picture: Image, seed = 1) {
  const path = join(folder, name);
  const samples = noise(picture, seed);
  await imageOf(samples, picture).png().toFile(path);
  return { path, samples };
}

function open(
  files: readonly (string | [string, string])[],
  more: { side?: number; crops?: number; maxPixels?: number; reduce?: number[] } = {},
) {
  const notes: string[] = [];
  const pictures = files.map((file) =>
    typeof file === "string"
      ? { sharp: file, blurry: undefined }
      : { sharp: file[0], blurry: file[1] },
  );
  const source = openPatchSource({
    sharp: pictures.filter(({ blurry }) => blurry === undefined),
    pairs: pictures.filter(({ blurry }) => blurry !== undefined),
    seed: 3,
    side: 16,
    crops: 4,
    maxPixels: 1e6,
    onNote: (note) => notes.push(note),
    ...more,
  });
  return { source, notes };
}

const plan = (crop: number, number = 0, kind: "sharp" | "pair" = "sharp", image = 0): PairPlan => ({
  index: crop,
  visit: { number, kind, image },
  crop,
});

/** Where a patch of 8-bit RGB lies in a picture; undefined where it does not. */
function placeOf(
  patch: Uint8Array,
  samples: ArrayLike<number>,
  { width, height }: Image,
  side: number,
) {
  for (let y = 0; y + side <= height; y++) {
    for (let x = 0; x + side <= width; x++) {
      const equal = patch.every((value, i) => {
        const row = Math.floor(i / (3 * side));
        return value === samples[3 * ((y + row) * width + x) + (i % (3 * side))];
      });
      if (equal) return { x, y };
    }
  }
  return undefined;
}

describe("patches", () => {
  test("are parts of the stored image, at different places", async () => {
    const picture = { width: 50, height: 40, ...rgb };
    const { path, samples } = await png(await temporaryFolder(), "a.png", picture);
    const { source } = open([path]);
    const places = [];
    for (const crop of [0, 1, 2, 3]) {
      const { sharp, blurry, side } = await source.read(plan(crop), { signal });
      expect([side, blurry, sharp.buffer.byteLength]).toEqual([16, undefined, 3 * 16 * 16]);
      places.push(placeOf(sharp, samples, picture, 16));
    }
    expect(places).not.toContain(undefined);
    expect(new Set(places.map((place) => JSON.stringify(place))).size).toBe(4);
  });

  test("of a pair are from the same place in both images", async () => {
    const folder = await temporaryFolder();
    const picture = { width: 50, height: 40, ...rgb };
    const [a, b] = [await png(folder, "a.png", picture, 1), await png(folder, "b.png", picture, 2)];
    const { source } = open([[a.path, b.path]]);
    const patch = await source.read(plan(2, 0, "pair"), { signal });
    const place = placeOf(patch.sharp, a.samples, picture, 16);
    expect(place).toBeDefined();
    expect(placeOf(patch.blurry as Uint8Array, b.samples, picture, 16)).toEqual(place);
  });

  test("of a reduced pair are means of squares of its pixels, at the same place in both", async () => {
    const folder = await temporaryFolder();
    const picture = { width: 50, height: 40, ...rgb };
    const [a, b] = [await png(folder, "a.png", picture, 1), await png(folder, "b.png", picture, 2)];
    const { source } = open([[a.path, b.path]], { reduce: [2] });
    const { side, sharp, blurry } = await source.read(plan(1, 0, "pair"), { signal });
    expect([side, sharp.length]).toEqual([16, 3 * 16 * 16]);
    const halfAt = (samples: ArrayLike<number>, left: number, top: number) =>
      Uint8Array.from(sharp, (_, i) => {
        const [y, x, c] = [Math.floor(i / 48), Math.floor((i % 48) / 3), i % 3];
        const at = (dy: number, dx: number) =>
          samples[3 * ((top + 2 * y + dy) * 50 + left + 2 * x + dx) + c] as number;
        return Math.round((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4);
      });
    const places = Array.from({ length: 19 * 9 }, (_, i) => [i % 19, Math.floor(i / 19)] as const);
    const place = places.find((it) => `${halfAt(a.samples, ...it)}` === `${sharp}`);
    expect(place).toBeDefined();
    expect(blurry).toEqual(halfAt(b.samples, ...(place as [number, number])));
  });

  test("of pairs use each factor, and one that fits where the images are small", async () => {
    const folder = await temporaryFolder();
    const constant = async (name: string, width: number) => {
      const path = join(folder, name);
      const create = { width, height: width, channels: 3, background: "black" } as const;
      const white = Buffer.alloc(3 * width * width, 0);
      // Alternating columns: only means of an even number of them are grey.
      for (let i = 0; i < white.length; i++) white[i] = Math.floor(i / 3) % 2 === 0 ? 255 : 0;
      await sharp(white, { raw: create }).png().toFile(path);
      return path;
    };
    const isReduced = async (path: string, visit: number) => {
      const { source } = open([[path, path]], { reduce: [1, 2] });
      const patch = await source.read(plan(0, visit, "pair"), { signal });
      return patch.sharp.every((value) => value === 128);
    };
    const visits = [...Array(20).keys()];
    const large = await constant("large.png", 40);
    const found = await Promise.all(visits.map((visit) => isReduced(large, visit)));
    expect(new Set(found)).toEqual(new Set([true, false]));
    const small = await constant("small.png", 30);
    const none = await Promise.all(visits.map((visit) => isReduced(small, visit)));
    expect(new Set(none)).toEqual(new Set([false]));
  });

  test.each<Image>([
    { width: 20, height: 20, channels: 1, bits: 8 },
    { width: 20, height: 20, channels: 2, bits: 8 },
    { width: 20, height: 20, channels: 4, bits: 8 },
    { width: 20, height: 20, channels: 1, bits: 16 },
    { width: 20, height: 20, channels: 3, bits: 16 },
    { width: 20, height: 20, channels: 4, bits: 16 },
  ])("of $channels channels of $bits bits become three of eight", async (picture) => {
    const { path, samples } = await png(await temporaryFolder(), "a.png", picture);
    const { source } = open([path], { side: 20 });
    const { sharp } = await source.read(plan(0), { signal });
    const { channels, bits } = picture;
    const expected = Uint8Array.from({ length: 1200 }, (_, i) => {
      const channel = channels < 3 ? 0 : i % 3;
      return (samples[Math.floor(i / 3) * channels + channel] as number) >> (bits - 8);
    });
    expect(sharp).toEqual(expected);
  });

  test("of an image larger than the window come from a new window at each visit", async () => {
    const path = join(await temporaryFolder(), "large.png");
    const [width, height] = [3000, 1200];
    // Red and green say where a pixel is, in steps of 12 and 5.
    const samples = Buffer.alloc(3 * width * height);
    for (let i = 0; i < width * height; i++) {
      samples[3 * i] = (i % width) / 12;
      samples[3 * i + 1] = Math.floor(i / width) / 5;
    }
    await sharp(samples, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(path);
    const { source } = open([path], { crops: 30, maxPixels: 1e7 });
    const spans = [];
    for (const visit of [0, 1, 2, 3]) {
      const xs: number[] = [];
      for (let crop = 0; crop < 30; crop++) {
        const patch = await source.read(plan(crop, visit), { signal });
        xs.push(12 * (patch.sharp[0] as number));
      }
      spans.push({ first: Math.min(...xs), last: Math.max(...xs) });
    }
    for (const { first, last } of spans) expect(last - first).toBeLessThanOrEqual(1024);
    expect(new Set(spans.map(({ first }) => first)).size).toBe(4);
    expect(Math.max(...spans.map(({ last }) => last))).toBeGreaterThan(1500);
  });
});

describe("an unusable image", () => {
  test("is skipped for the next one, and reported once", async () => {
    const folder = await temporaryFolder();
    const small = await png(folder, "small.png", { width: 15, height: 90, ...rgb });
    const good = await png(folder, "good.png", { width: 20, height: 20, ...rgb });
    const bad = join(folder, "bad.png");
    await writeFile(bad, "not a picture");
    // Its header is sound; what is cut from the next one must not depend on whether the damage was known.
    const whole = await png(folder, "whole.png", { width: 60, height: 60, ...rgb });
    const cut = join(folder, "cut.png");
    await writeFile(cut, (await readFile(whole.path)).subarray(0, 5000));
    const { source, notes } = open([small.path, bad, join(folder, "gone.png"), cut, good.path]);
    const alone = open([good.path]).source;
    for (const visit of [0, 1, 2, 3, 4]) {
      const patch = await source.read(plan(0, visit, "sharp", visit), { signal });
      expect(patch).toEqual(await alone.read(plan(0, visit), { signal }));
    }
    expect(notes).toEqual([
      `skipped: ${small.path}: Expected at least 16×16 pixels but found 15×90`,
      expect.stringContaining("bad.png: Expected a PNG"),
      expect.stringContaining("gone.png: no such file"),
      expect.stringContaining("cut.png: damaged or cut short"),
    ]);
  });

  test("is a pair of two sizes", async () => {
    const folder = await temporaryFolder();
    const a = await png(folder, "a.png", { width: 20, height: 20, ...rgb });
    const b = await png(folder, "b.png", { width: 20, height: 21, ...rgb });
    const { source } = open([[a.path, b.path]]);
    await expect(source.read(plan(0, 0, "pair"), { signal })).rejects.toThrow(
      "no image to cut patches from: the only pair was skipped",
    );
  });

  test("is one with more pixels than allowed", async () => {
    const path = join(await temporaryFolder(), "large.png");
    const create = { width: 1001, height: 1000, channels: 3, background: "red" } as const;
    await sharp({ create }).png().toFile(path);
    const { source, notes } = open([path]);
    await expect(source.read(plan(0), { signal })).rejects.toThrow("the only image was");
    expect(notes[0]).toContain("Expected at most 1000000 pixels but found 1001×1000");
  });
});

test("memory holds the crops of the open images, however long the stream", async () => {
  const folder = await temporaryFolder();
  const names = Array.from({ length: 12 }, (_, i) => `${i}.png`);
  const made = await Promise.all(
    names.map((name, i) => png(folder, name, { width: 20, height: 20, ...rgb }, i)),
  );
  const { source } = open(made.map(({ path }) => path));
  const numbers = { seed: 1, sharp: 12, pairs: 0, pairShare: 0, crops: 4, open: 5 };
  for (const it of planPairs(numbers)) {
    if (it.index === 400) break;
    await source.read(it, { signal });
    expect(source.open).toBeLessThanOrEqual(5);
    expect(source.decoding).toBe(0);
  }
});
