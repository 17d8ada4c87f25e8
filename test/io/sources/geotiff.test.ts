import { copyFile, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { InputError, IoError, NoInputError, OptionError } from "../../../src/errors.ts";
import { openBlocks } from "../../../src/io/formats/tiff/read/blocks.ts";
import { imagesIn } from "../../../src/io/formats/tiff/read/pages.ts";
import { readSoundDirectories } from "../../../src/io/formats/tiff/read/read-directories.ts";
import { needsSpool, spoolBlocks } from "../../../src/io/formats/tiff/read/spool.ts";
import { readWindow } from "../../../src/io/formats/tiff/read/window.ts";
import { openFileBytes } from "../../../src/io/system/file-bytes.ts";
import {
  expectedOf,
  type Fixture,
  fixtures,
  height,
  isUnmasked,
  openIn,
  pathOf,
  width,
} from "./geotiff-fixtures.ts";
import { firstDifference, samplesOf, temporaryFolder } from "./images.ts";

const reading = { signal: new AbortController().signal };
const whole = { x: 0, y: 0, width, height };

/** NaN equals itself. */
const difference = (
  found: Parameters<typeof firstDifference>[0],
  fixture: Fixture,
  rect = whole,
) =>
  Buffer.from(found.buffer, found.byteOffset, found.byteLength).equals(
    Buffer.from(expectedOf(fixture, rect).buffer),
  )
    ? undefined
    : (firstDifference(found, expectedOf(fixture, rect)) ?? "bits");

const anyRect = fc
  .record({
    x: fc.integer({ min: 0, max: width - 1 }),
    y: fc.integer({ min: 0, max: height - 1 }),
    right: fc.integer({ min: 1, max: width }),
    bottom: fc.integer({ min: 1, max: height }),
  })
  .filter(({ x, y, right, bottom }) => right > x && bottom > y)
  .map(({ x, y, right, bottom }) => ({ x, y, width: right - x, height: bottom - y }));

describe("any rectangle has the samples GDAL stored, of all bands", () => {
  test.each(fixtures)("$name", async (fixture) => {
    const source = await openIn(pathOf(fixture.name));
    onTestFinished(() => source.close());
    const { width: across, height: down, channels, sampleType } = source;
    expect([across, down, channels, sampleType]).toEqual([
      width,
      height,
      fixture.bands,
      fixture.type,
    ]);
    expect(difference((await source.read(whole, reading)).samples, fixture)).toBeUndefined();
    await fc.assert(
      fc.asyncProperty(anyRect, async (rect) => {
        const raster = await source.read(rect, reading);
        expect([raster.width, raster.height]).toEqual([rect.width, rect.height]);
        expect(difference(raster.samples, fixture, rect)).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });

  test("long lists of places are read in the file's byte order", async () => {
    const source = await openIn(pathOf("u8-400-strips-big-endian"));
    const { samples } = await source.read({ x: 0, y: 0, width: 2, height: 400 }, reading);
    expect([...samples]).toEqual(Array.from({ length: 800 }, (_, i) => i % 251));
    await source.close();
  });

  test("JPEG's YCbCr is RGB, as sharp reads it, and the mask says what is valid", async () => {
    const path = pathOf("u8-mask-jpeg-tiles");
    const source = await openIn(path);
    const { samples, valid } = await source.read(whole, reading);
    const expected = await samplesOf(path, { width, height, channels: 3, bits: 8 });
    expect(firstDifference(samples, expected)).toBeUndefined();
    const mask = Array.from({ length: width * height }, (_, i) =>
      isUnmasked(i % width, Math.floor(i / width)) ? 1 : 0,
    );
    expect([...(valid ?? [])]).toEqual(mask);
    const part = { x: 9, y: 3, width: 20, height: 5 };
    const some = (await source.read(part, reading)).valid;
    expect([...(some ?? [])].slice(0, 20)).toEqual(mask.slice(3 * width + 9, 3 * width + 29));
    await source.close();
  });
});

describe("what the samples mean", () => {
  const meaning = async (name: string, options = {}) => {
    const source = await openIn(pathOf(name), options);
    await source.close();
    return source.radiometry;
  };

  test("8 bits are seen in full, a negative downwards, more bits between their percentiles", async () => {
    expect(await meaning("i8-rgb")).toEqual({ colours: [0, 1, 2], range: [-128, 127] });
    expect(await meaning("u8-white-is-zero")).toEqual({ colours: [0], range: [255, 0] });
    // numpy.percentile of all values of all three bands, [0.1, 99.9]
    expect((await meaning("u16-lzw-predictor-big-endian")).range).toEqual([0, 64250]);
  });

  test("nodata is a value the samples can have, and left out of the range", async () => {
    const { nodata, range } = await meaning("i16-nodata-packbits");
    expect(nodata).toBe(-999);
    expect(range[0]).toBeGreaterThanOrEqual(-100);
    expect((await meaning("f32-nan-deflate-predictor")).nodata).toBeNaN();
  });

  test("alpha is found, premultiplied or straight, and is no colour", async () => {
    const { colours, alpha } = await meaning("u8-premultiplied");
    expect([colours, alpha]).toEqual([[0, 1, 2], { channel: 3, premultiplied: true }]);
    expect((await meaning("u8-webp-tiles")).alpha).toEqual({ channel: 3, premultiplied: false });
    expect((await meaning("u16-5-planar-zstd-tiles")).alpha).toBeUndefined();
  });

  test("two bands without alpha are seen by the first; bands and range may be chosen", async () => {
    expect((await meaning("i32-deflate-predictor")).colours).toEqual([0]);
    const chosen = await meaning("u16-5-planar-zstd-tiles", { bands: [5, 3, 1], range: [10, 600] });
    expect(chosen).toEqual({ colours: [4, 2, 0], range: [10, 600] });
  });

  test("a raster without a measurement has some range", async () => {
    expect((await meaning("f32-sparse-nan")).range).toEqual([0, 1]);
  });

  test.each([
    ["i32-deflate-predictor", [3], "Expected bands from 1 to 2 of"],
    ["u8-premultiplied", [4], "but received 4, which is alpha"],
  ])("%s has no bands %j", async (name, bands, message) => {
    const opening = openIn(pathOf(name), { bands });
    await expect(opening).rejects.toThrow(OptionError);
    await expect(opening).rejects.toThrow(message);
  });
});

describe("wide blocks", () => {
  test("are spooled to the same samples, and the spool is deleted", async () => {
    for (const fixture of fixtures) {
      const bytes = await openFileBytes(pathOf(fixture.name));
      const { layout, meaning } = imagesIn(await readSoundDirectories(bytes), bytes.size);
      const stored = openBlocks(bytes, layout, meaning.nodata ?? 0);
      const folder = await temporaryFolder();
      const spooled = await spoolBlocks(stored, join(folder, "source.raw"), reading.signal);
      expect(await readdir(folder)).toEqual(["source.raw"]);
      for (const rect of [whole, { x: 3, y: 7, width: 21, height: 11 }]) {
        const samples = await readWindow(spooled.blocks, rect);
        expect([fixture.name, difference(samples, fixture, rect)]).toEqual([
          fixture.name,
          undefined,
        ]);
      }
      await spooled.close();
      expect(await readdir(folder)).toEqual([]);
      await bytes.close();
    }
  });

  test("are those of which a row of tiles needs more than is kept", async () => {
    const bytes = await openFileBytes(pathOf("i32-deflate-predictor"));
    const { layout } = imagesIn(await readSoundDirectories(bytes), bytes.size);
    await bytes.close();
    const strips = { ...layout, bands: 3, sampleType: "uint8", height: 50_000 } as const;
    const sized = (wide: number, compression: number) =>
      needsSpool(
        { ...strips, width: wide, blockWidth: wide, blockHeight: 4, compression },
        512,
        2 ** 27,
      );
    expect([sized(80_000, 8), sized(90_000, 8), sized(90_000, 1)]).toEqual([false, true, false]);
    const tiles = { ...strips, width: 200_000, compression: 8, blockWidth: 512, blockHeight: 512 };
    expect(needsSpool(tiles, 512, 2 ** 27)).toBe(false);
    expect(needsSpool({ ...tiles, blockWidth: 8192, blockHeight: 8192 }, 512, 2 ** 27)).toBe(true);
  });
});

describe("an unreadable raster is reported with its path", () => {
  test.each([["u8-palette", "found a palette, whose numbers are no brightness: expand it first"]])(
    "%s",
    async (name, message) => {
      const opening = openIn(pathOf(name));
      await expect(opening).rejects.toThrow(InputError);
      await expect(opening).rejects.toThrow(message);
    },
  );

  test("no file, a folder, too many pixels", async () => {
    const folder = await temporaryFolder();
    await expect(openIn(join(folder, "none.tif"))).rejects.toThrow(NoInputError);
    await expect(openIn(folder)).rejects.toThrow("is not a regular file");
    const small = openIn(pathOf("i8-rgb"), { maxPixels: 1199 });
    await expect(small).rejects.toThrow("Expected at most 1199 pixels but found 40×30 = 1200");
  });

  test("reports a file cut short on opening, and one that shrinks later on reading", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "cut.tif");
    await copyFile(pathOf("f64-big-tiff-big-endian"), path);
    const source = await openIn(path, { range: [0, 1] });
    await truncate(path, 2000);
    await expect(source.read(whole, reading)).rejects.toThrow(IoError);
    await source.close();
    const opening = openIn(path);
    await expect(opening).rejects.toThrow(InputError);
    await expect(opening).rejects.toThrow("cut short");
  });

  test("a rectangle outside, an aborted read", async () => {
    const source = await openIn(pathOf("i8-rgb"));
    onTestFinished(() => source.close());
    const outside = source.read({ x: 30, y: 0, width: 11, height: 1 }, reading);
    await expect(outside).rejects.toThrow("Expected a rectangle inside 40×30");
    const abort = new AbortController();
    abort.abort(new Error("the user left"));
    await expect(source.read(whole, abort)).rejects.toThrow("the user left");
  });

  test("a file with any bytes changed is read or refused, never worse", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "changed.tif");
    const { readFile } = await import("node:fs/promises");
    const originals = await Promise.all(
      fixtures.map(async ({ name }) => new Uint8Array(await readFile(pathOf(name)))),
    );
    const ends = { read: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...originals),
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        async (original, changes) => {
          const bytes = original.slice();
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          await writeFile(path, bytes);
          try {
            const source = await openIn(path, { maxPixels: 1e6 });
            try {
              const side = {
                width: Math.min(64, source.width),
                height: Math.min(64, source.height),
              };
              await source.read({ x: 0, y: 0, ...side }, reading);
              ends.read++;
            } finally {
              await source.close();
            }
          } catch (error) {
            if (!(error instanceof InputError)) throw error;
            ends.refused++;
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(ends.read).toBeGreaterThan(10);
    expect(ends.refused).toBeGreaterThan(10);
  });
});
