/** What each format becomes when it is read: pictures made and judged by sharp, without our code. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";
import type { PhotographSource } from "../../../src/io/sources/photograph.ts";
import { firstDifference, type Image, imageOf, noise, temporaryFolder } from "./images.ts";
import { openFresh } from "./open-fresh.ts";

const signal = new AbortController().signal;
const small = { width: 37, height: 23, channels: 3, bits: 8 } as const;

async function opened(
  bytes: Buffer,
  name = "in",
): Promise<{ source: PhotographSource; path: string }> {
  const parent = await temporaryFolder();
  const folder = join(parent, "run");
  await mkdir(folder);
  const path = join(parent, name);
  await writeFile(path, bytes);
  const source = await openFresh(path, { folder, maxPixels: 1e9, tolerant: false });
  onTestFinished(() => source.close());
  return { source, path };
}

async function read(source: PhotographSource) {
  const { width, height } = source;
  return (await source.read({ x: 0, y: 0, width, height }, { signal })).samples;
}

describe.each([
  ["webp", (image: Sharp) => image.webp({ lossless: true, exact: true })],
  ["avif", (image: Sharp) => image.avif({ lossless: true, effort: 0 })],
] as const)("%s", (format, encode) => {
  test.each([3, 4] as const)("%d channels are read as they are", async (channels) => {
    const picture = { ...small, channels };
    const samples = noise(picture);
    const { source } = await opened(await encode(imageOf(samples, picture)).toBuffer());
    expect(source).toMatchObject({ ...picture, format, notes: [] });
    expect(firstDifference(await read(source), samples)).toBeUndefined();
  });
});

test.each([
  { storedBits: 10, channels: 3 },
  { storedBits: 12, channels: 3 },
  { storedBits: 12, channels: 4 },
] as const)(
  "an AVIF of $storedBits bits becomes 16 bits from black to white, $channels channels",
  async ({ storedBits, channels }) => {
    const picture: Image = { ...small, channels, bits: 16 };
    const samples = noise(picture);
    samples.set([0, 65535]);
    const bytes = await imageOf(samples, picture)
      .avif({ lossless: true, effort: 0, bitdepth: storedBits })
      .toBuffer();
    const { source } = await opened(bytes);
    expect(source).toMatchObject({ channels, bits: 16, storedBits });
    const most = 2 ** storedBits - 1;
    const expected = samples.map((value) =>
      Math.round(((value >> (16 - storedBits)) / most) * 65535),
    );
    const found = await read(source);
    expect([...found.slice(0, 2)]).toEqual([0, 65535]);
    expect(firstDifference(found, expected)).toBeUndefined();
  },
);

test("a GIF becomes its colours, and is said to", async () => {
  const samples = new Uint8Array(20 * 10 * 3).map((_, i) => (Math.floor(i / 3) % 7) * 36 + (i % 3));
  const image = imageOf(samples, { width: 20, height: 10, channels: 3, bits: 8 });
  const { source, path } = await opened(await image.gif({ dither: 0 }).toBuffer());
  expect(source).toMatchObject({ width: 20, height: 10, bits: 8, format: "gif" });
  expect(source.notes).toEqual([`${path}: its palette becomes plain colours`]);
  const found = await read(source);
  const { channels } = source;
  const far = samples.map((value, i) => {
    const there = found[Math.floor(i / 3) * channels + (i % 3)] as number;
    return Math.abs(there - value);
  });
  // sharp's quantiser rounds to a grid of its own.
  expect(Math.max(...far)).toBeLessThanOrEqual(4);
});

describe("of several pictures the first is read, and that is said", () => {
  const page = (red: number) =>
    sharp({ create: { width: 20, height: 10, channels: 3, background: { r: red, g: 0, b: 0 } } })
      .png()
      .toBuffer();

  test.each(["gif", "webp"] as const)("%s", async (format) => {
    const film = sharp([await page(0), await page(255)], { join: { animated: true } });
    const bytes =
      format === "gif"
        ? await film.gif().toBuffer()
        : await film.webp({ lossless: true }).toBuffer();
    const { source, path } = await opened(bytes);
    expect(source).toMatchObject({ width: 20, height: 10 });
    expect(source.notes).toContain(`${path}: 2 pictures; the first is read`);
    expect((await read(source))[0]).toBe(0);
  });
});

test("an AVIF marked as a sequence is read as the still picture in it", async () => {
  const samples = noise(small);
  const bytes = await imageOf(samples, small).avif({ lossless: true, effort: 0 }).toBuffer();
  bytes.write("avis", 8, "latin1");
  const { source, path } = await opened(bytes);
  expect(source.notes).toEqual([`${path}: a film; the still picture in it is read`]);
  expect(firstDifference(await read(source), samples)).toBeUndefined();
});

test("HEIF that holds HEVC is refused with what is missing", async () => {
  const bytes = await readFile(new URL("../../fixtures/hevc.heic", import.meta.url));
  const opening = opened(bytes);
  await expect(opening).rejects.toMatchObject({ _tag: "InputError", exitCode: 65 });
  await expect(opening).rejects.toThrow(
    "Expected HEIF that is coded as AV1 but found HEVC, for which the decoder is missing here",
  );
});

test("brackets in a name are part of it, and refused at its end where libvips reads them as options", async () => {
  const samples = noise(small);
  const bytes = await imageOf(samples, small).png().toBuffer();
  const { source } = await opened(bytes, "a[1] (x),y.png");
  expect(firstDifference(await read(source), samples)).toBeUndefined();
  await expect(opened(bytes, "b[page=1]")).rejects.toThrow("a name that does not end in brackets");
});
