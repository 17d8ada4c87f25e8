import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { InputError, IoError, NoInputError, OptionError } from "../../../src/errors.ts";
import { rasterIn } from "../../../src/io/formats/tiff/read/raster-or-photograph.ts";
import { openInput, readInputHeader } from "../../../src/io/sources/open-input.ts";
import { openFileBytes } from "../../../src/io/system/file-bytes.ts";
import { runDeblur } from "../../helpers/run-deblur.ts";
import { fixtures, height, openIn, pathOf, width } from "./geotiff-fixtures.ts";
import { type Image, imageOf, noise, temporaryFolder } from "./images.ts";

const plain = { maxPixels: 1e9, tile: 512, tolerant: false, bands: undefined, range: undefined };

async function isGeoTiff(path: string): Promise<boolean> {
  const bytes = await openFileBytes(path);
  try {
    return (await rasterIn(bytes)) !== undefined;
  } finally {
    await bytes.close();
  }
}

/** A photograph written by sharp. */
async function photograph(change: Partial<Image> = {}): Promise<{ path: string; folder: string }> {
  const image: Image = { width: 20, height: 10, channels: 3, bits: 16, ...change };
  const folder = await temporaryFolder();
  const path = join(folder, "photograph.tif");
  await imageOf(noise(image), image).tiff({ compression: "lzw" }).toFile(path);
  return { path, folder };
}

describe("a TIFF is read by", () => {
  test.each([...fixtures.map(({ name }) => name), "u8-mask-jpeg-tiles", "u8-palette"])(
    "geotiff.js: %s",
    async (name) => {
      expect(await isGeoTiff(pathOf(name))).toBe(true);
    },
  );

  test.each<Partial<Image>>([
    { channels: 1, bits: 8 },
    { channels: 2, bits: 8 },
    { channels: 3, bits: 8 },
    { channels: 4, bits: 8 },
    { channels: 1, bits: 16 },
    { channels: 3, bits: 16 },
    { channels: 4, bits: 16 },
  ])("sharp: a photograph of %o", async (change) => {
    expect(await isGeoTiff((await photograph(change)).path)).toBe(false);
  });

  test("neither: text is refused by its first bytes", async () => {
    const path = join(await temporaryFolder(), "text.tif");
    await writeFile(path, "II is how this text begins");
    expect(await isGeoTiff(path)).toBe(false);
    await expect(readInputHeader(path, plain)).rejects.toThrow(InputError);
    await expect(readInputHeader(`${path}.none`, plain)).rejects.toThrow(NoInputError);
  });
});

describe("an input that changes after its header was read", () => {
  test.each(["photograph", "raster"])("is refused: a %s", async (kind) => {
    const { path, folder } = await photograph();
    if (kind === "raster") await copyFile(pathOf("i8-rgb"), path);
    const header = await readInputHeader(path, plain);
    const bytes = await readFile(path);
    await writeFile(path, Buffer.concat([bytes, Buffer.alloc(1)]));
    const opening = header.open({ ...plain, folder });
    await expect(opening).rejects.toThrow(IoError);
    await expect(opening).rejects.toThrow("changed while it was read");
  });
});

describe("what the net sees", () => {
  test("a photograph of 16 bits in full, or what was asked for", async () => {
    const { path, folder } = await photograph();
    const { source, notes } = await openInput(path, { ...plain, folder });
    expect([source.radiometry, notes]).toEqual([{ colours: [0, 1, 2], range: [0, 65535] }, []]);
    await source.close();
    const asked = { bands: [3], range: [100, 200] } as const;
    const other = await openInput(path, { ...plain, ...asked, folder });
    expect(other.source.radiometry).toEqual({ colours: [2], range: [100, 200] });
    await other.source.close();
    const none = openInput(path, { ...plain, bands: [4], folder });
    await expect(none).rejects.toThrow(OptionError);
  });

  test("of a raster is reported", async () => {
    const folder = await temporaryFolder();
    const path = pathOf("u16-lzw-predictor-big-endian");
    const { source, notes } = await openInput(path, { ...plain, folder });
    expect(notes).toEqual([`${path}: the net sees bands 1, 2, 3; black is 0, white is 64250`]);
    await source.close();
  });
});

describe("deblur", () => {
  const copy = ["--engine", "copy", "--threads", "1", "--quiet"];

  test("gives a raster back in every sample where the net changes nothing, with its mask", async () => {
    const cwd = await temporaryFolder();
    const names = [...fixtures.map(({ name }) => name), "u8-mask-jpeg-tiles"];
    for (const name of names) await copyFile(pathOf(name), join(cwd, `${name}.tif`));
    const inputs = names.map((name) => `${name}.tif`);
    const ended = await runDeblur([...inputs, "-o", "out", ...copy], { cwd });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const whole = { x: 0, y: 0, width, height };
    for (const name of names) {
      const [before, after] = await Promise.all(
        [pathOf(name), join(cwd, "out", `${name}.tif`)].map(async (path) => {
          const source = await openIn(path);
          const raster = await source.read(whole, { signal: new AbortController().signal });
          await source.close();
          return { raster, colours: source.radiometry };
        }),
      );
      expect([name, after]).toEqual([name, before]);
    }
  });

  test.each([
    ["u16-5-planar-zstd-tiles", "out.png", [], 2, "the picture has 5 of uint16: choose TIFF"],
    ["i8-rgb", "out.jpg", [], 2, "8 or 16 unsigned bits to become 8 bits but in.tif has int8"],
    ["i16-nodata-packbits", "out.tif", ["--bits", "8"], 2, "in.tif has int16: choose TIFF, and no"],
    ["u8-premultiplied", "out.png", [], 2, "a PNG but in.tif has premultiplied alpha: choose TIFF"],
    ["u8-white-is-zero", "out.png", [], 2, "in.tif has white as its lowest value: choose TIFF"],
    ["u8-palette", "out.tif", [], 65, "found a palette"],
    [
      "i8-rgb",
      "out.tif",
      ["--bands", "4"],
      2,
      "Expected bands from 1 to 3 of in.tif but received 4",
    ],
    ["i8-rgb", "out.tif", ["--bands", "1,2"], 2, "one or three bands such as 3,2,1 for --bands"],
    ["i8-rgb", "out.tif", ["--bands", "1,1,2"], 2, "Expected different bands for --bands"],
    ["i8-rgb", "out.tif", ["--range", "5"], 2, "Expected two numbers such as 0,2047, the lower"],
    ["i8-rgb", "out.tif", ["--range", "-10,-20"], 2, 'for --range but received "-10,-20"'],
  ])(
    "says in one line what is wrong with %s as %s %j",
    async (name, output, words, code, message) => {
      const cwd = await temporaryFolder();
      await copyFile(pathOf(name), join(cwd, "in.tif"));
      const ended = await runDeblur(["in.tif", "-o", output, ...copy, ...words], { cwd });
      expect([ended.code, ended.stderr.split("\n").length]).toEqual([code, 2]);
      expect(ended.stderr).toContain(message);
    },
  );

  test("counts flat tiles and says so at the end", async () => {
    const cwd = await temporaryFolder();
    const grey = { width: 100, height: 40, channels: 1, bits: 8 } as const;
    const samples = noise(grey).map((sample, i) => (i % 100 < 60 ? 7 : sample));
    await imageOf(samples as Uint8Array<ArrayBuffer>, grey)
      .png()
      .toFile(join(cwd, "in.png"));
    const words = ["in.png", "-o", "out.png", "--engine", "copy", "--tile", "32", "--halo", "0"];
    const ended = await runDeblur(words, { cwd });
    expect(ended.stderr).toMatch(/\n2 of 8 tiles were flat and copied\n$/);
  });
});
