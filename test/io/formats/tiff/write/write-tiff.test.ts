import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { ImageSource } from "../../../../../src/image/raster.ts";
import type { TiffTags } from "../../../../../src/io/formats/tiff/carried-tags.ts";
import { writeTiff } from "../../../../../src/io/formats/tiff/write/write-tiff.ts";
import type { TiffForm } from "../../../../../src/io/formats/tiff/write/written-page.ts";
import { openPool } from "../../../../../src/io/pool/pool.ts";
import { firstDifference, noise, samplesOf, temporaryFolder } from "../../../sources/images.ts";
import { anyShape, imageIn, imageOf, noiseOf, samplesIn } from "../rasters.ts";

const entry = new URL("../../../../../dist/src/pool-worker.js", import.meta.url);
const pool = openPool({ threads: 2, entry });
afterAll(() => pool.close());

const nothing = (littleEndian = true): TiffTags => ({
  littleEndian,
  directory: { entries: [], directories: new Map() },
});

const plain: TiffForm = {
  compression: "none",
  planar: false,
  origin: nothing(),
  asStored: false,
  strip: false,
};

async function written(image: ImageSource, form: Partial<TiffForm> = {}): Promise<string> {
  const path = join(await temporaryFolder(), "out.tif");
  const signal = new AbortController().signal;
  await writeTiff(path, image, { ...plain, ...form }, { pool, inFlight: 3, signal });
  return path;
}

test("any picture in any arrangement is read back sample by sample by geotiff.js", async () => {
  const anyForm = fc.record({
    compression: fc.constantFrom("none", "deflate"),
    planar: fc.boolean(),
    origin: fc.boolean().map(nothing),
    big: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(anyShape, anyForm, async (shape, form) => {
      const samples = noiseOf(shape);
      const path = await written(imageOf(samples, shape), form);
      expect(firstDifference(await samplesIn(path), samples)).toBeUndefined();
      const image = await imageIn(path);
      expect(image.isTiled).toBe(true);
      const { littleEndian } = form.origin;
      const head = new DataView(new Uint8Array(await readFile(path)).buffer);
      const big = head.getUint16(2, littleEndian) === 43;
      expect(big).toBe(form.big);
      const at = big ? head.getBigUint64(8, littleEndian) : head.getUint32(4, littleEndian);
      expect(Number(at) % 2).toBe(0);
      expect([image.getWidth(), image.getHeight()]).toEqual([shape.width, shape.height]);
    }),
    { numRuns: 60 },
  );
});

describe.each(["none", "deflate"] as const)("%s", (compression) => {
  for (const bits of [8, 16] as const)
    test.each([1, 2, 3, 4] as const)(`libvips reads %d × ${bits} bit`, async (channels) => {
      const page = { width: 700, height: 530, channels, bits };
      const samples = noise(page);
      const image = imageOf(samples, { ...page, sampleType: `uint${bits}` });
      for (const origin of [nothing(true), nothing(false)]) {
        const path = await written(image, { compression, origin, big: !origin.littleEndian });
        expect(firstDifference(await samplesOf(path, page), samples)).toBeUndefined();
      }
    });
});
