/** Reads what the built command writes by other programs: GDAL, ExifTool, ImageMagick and ONNX's checker. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inPath, needs } from "../helpers/needs.ts";
import { runDeblur } from "../helpers/run-deblur.ts";
import { imageOf, noise } from "../io/sources/images.ts";

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
const copy = ["--engine", "copy", "--tile", "64", "--halo", "16", "-q"];
/** The Python of Debian's modules; PATH may have another one first. */
const python = "/usr/bin/python3";
const hasModule = (name: string): boolean =>
  spawnSync(python, ["-c", `import ${name}`]).status === 0;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-others-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function deblur(...words: string[]): Promise<void> {
  expect(await runDeblur(words, { cwd: folder })).toMatchObject({ code: 0, stderr: "" });
}

const outputOf = (program: string, ...words: string[]): string =>
  execFileSync(program, words, { cwd: folder, encoding: "utf8" });

/** The command refuses palettes. */
const rasters = readdirSync(join(fixtures, "geotiff")).filter((name) => !/palette/.test(name));

needs("GDAL and its Python module", inPath("gdalinfo") && hasModule("osgeo_utils")).describe(
  "to GDAL",
  () => {
    /** Its report on a raster, with checksums of the samples, without how they are stored. */
    const infoOf = (path: string) => {
      const info = JSON.parse(outputOf("gdalinfo", "-json", "-checksum", path));
      const { description, files, ...facts } = info;
      const { IMAGE_STRUCTURE, ...metadata } = facts.metadata;
      const bands = facts.bands.map(({ block, overviews, mask, ...band }: typeof info) => band);
      return { ...facts, metadata, bands, interleave: IMAGE_STRUCTURE.INTERLEAVE };
    };

    const validator = ["-m", "osgeo_utils.samples.validate_cloud_optimized_geotiff"];
    const expectValid = (path: string): void => {
      const said = outputOf(python, ...validator, "--full-check=yes", path);
      expect(said).toMatch(/^\S+ is a valid cloud optimized GeoTIFF$/m);
      expect(said).not.toMatch(/warning/i);
    };

    test.each(rasters)("%s keeps samples, position and metadata", async (name) => {
      const input = join(fixtures, "geotiff", name);
      await deblur(input, "-o", name, ...copy);
      expect(infoOf(name)).toEqual(infoOf(input));
    });

    test.each(rasters)("%s becomes a valid COG", async (name) => {
      const [input, output] = [join(fixtures, "geotiff", name), `cog-${name}`];
      await deblur(input, "-o", output, "--cog", ...copy);
      expectValid(output);
      expect(infoOf(output)).toEqual({ ...infoOf(input), interleave: infoOf(output).interleave });
    });

    test("one with overviews is a valid COG", async () => {
      const size = { width: 1300, height: 700, channels: 3, bits: 8 } as const;
      await imageOf(noise(size), size).png().toFile(join(folder, "large.png"));
      await deblur("large.png", "-o", "large.tif", "--cog", ...copy, "--tile", "512");
      expectValid("large.tif");
      expect(
        JSON.parse(outputOf("gdalinfo", "-json", "large.tif")).bands[0].overviews,
      ).toHaveLength(2);
    });
  },
);

needs("ExifTool", inPath("exiftool")).describe("to ExifTool", () => {
  const words: Readonly<Record<string, string>> = {
    ...{ "EXIF:Make": "Maker", "EXIF:FNumber": "2.8", "EXIF:Copyright": "Ann" },
    ...{ "EXIF:DateTimeOriginal": "2024:01:02 03:04:05", "EXIF:GPSLatitude": "52.5" },
    ...{ "EXIF:GPSLatitudeRef": "N", "IPTC:Caption-Abstract": "A caption" },
    "XMP-dc:Title": "A title",
  };
  const kept = ["IFD0", "ExifIFD", "GPS", "IPTC", "XMP-dc", "ICC_Profile", "ICC-header"];

  /** Tags of these groups, with their values. */
  const tagsOf = (path: string, groups: readonly string[]) => {
    const [tags] = JSON.parse(outputOf("exiftool", "-json", "-G1", path));
    return Object.fromEntries(
      Object.entries(tags).filter(
        // It describes how a JPEG codes its colours.
        ([name]) => groups.includes(name.split(":")[0] ?? "") && !/YCbCrPositioning/.test(name),
      ),
    );
  };

  beforeAll(async () => {
    const size = { width: 160, height: 120, channels: 3, bits: 8 } as const;
    const image = imageOf(noise(size), size).withMetadata({ icc: "p3", orientation: 6 });
    await image.jpeg().toFile(join(folder, "in.jpg"));
    const set = Object.entries(words).map(([name, value]) => `-${name}=${value}`);
    outputOf("exiftool", "-q", "-overwrite_original", ...set, "in.jpg");
    expect(Object.keys(tagsOf("in.jpg", kept)).length).toBeGreaterThan(20);
  });

  test.each([
    ["jpg", kept],
    ["png", kept],
    ["tif", kept],
    // WebP has no field for captions.
    ["webp", kept.filter((group) => group !== "IPTC")],
  ])("a .%s has the metadata of the photograph", async (suffix, groups) => {
    const { code } = await runDeblur(["in.jpg", "-o", `out.${suffix}`, ...copy], { cwd: folder });
    expect(code).toBe(0);
    expect(tagsOf(`out.${suffix}`, groups)).toMatchObject(tagsOf("in.jpg", groups));
    // ExifTool warns of tags that Exif allows in a JPEG only.
    if (suffix === "tif") return;
    expect(outputOf("exiftool", "-validate", "-warning", "-error", "-a", `out.${suffix}`)).toMatch(
      /^Validate\s+: OK\s*$/,
    );
  });
});

needs("ImageMagick", inPath("compare")).describe("to ImageMagick", () => {
  const forms = ["png", "tif"].flatMap((suffix) =>
    ([1, 2, 3, 4] as const).flatMap((channels) =>
      ([8, 16] as const).map((bits) => ({ suffix, channels, bits })),
    ),
  );
  test.each(forms)(
    "a .$suffix of $channels channels of $bits bits has the pixels of its input",
    async ({ suffix, channels, bits }) => {
      const [input, output] = [`in-${channels}-${bits}.png`, `out-${channels}-${bits}.${suffix}`];
      const size = { width: 90, height: 70, channels, bits } as const;
      const image = imageOf(noise(size), size);
      const wide = channels < 3 ? "grey16" : "rgb16";
      await (bits === 16 ? image.toColourspace(wide) : image).png().toFile(join(folder, input));
      await deblur(input, "-o", output, ...copy);
      const { stderr } = spawnSync("compare", ["-metric", "AE", input, output, "null:"], {
        cwd: folder,
        encoding: "utf8",
      });
      expect(stderr).toBe("0");
    },
  );
});

needs("ONNX's Python module", hasModule("onnx")).describe("to ONNX's checker", () => {
  const check = `
import sys, onnx
for path in sys.argv[1:]:
    onnx.checker.check_model(onnx.load(path), full_check=True)
    print(path)
`;
  const published = ["estimate-kernels", "decode-flow", "restore"];
  test.each([
    ["ufpnet-micro-k7", "global", published],
    ["ufpnet-micro-k7", "tlc", published],
    ["spectral-micro-k7", "tlc", published.toSpliced(2, 0, "deconvolve")],
  ])("an export of %s with %s pooling is valid, shapes too", async (net, pooling, names) => {
    const out = `${net}-${pooling}`;
    const weights = join(fixtures, `${net}.weights.safetensors`);
    await deblur("export", weights, "-o", out, "--pooling", pooling);
    const paths = names.map((name) => join(out, `${name}.onnx`));
    expect(outputOf(python, "-c", check, ...paths)).toBe(paths.map((path) => `${path}\n`).join(""));
  });
});
