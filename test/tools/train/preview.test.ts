import { join } from "node:path";
import { expect, test } from "vitest";
import { writePreview } from "../../../src/tools/train/preview.ts";
import { samplesOf, temporaryFolder } from "../../io/sources/images.ts";

/** A pair of two greys whose kernels are 1 at tap `tap`. */
function pair(size: number, tap: number) {
  const kernels = new Float32Array(9 * size * size).fill(
    0.25,
    tap * size * size,
    (tap + 1) * size * size,
  );
  return {
    size,
    sharp: new Float32Array(3 * size * size).fill(1),
    blurry: new Float32Array(3 * size * size).fill(0.6),
    kernels,
  };
}

test("a sheet shows sharp, blurry and kernels side by side, a pair a row", async () => {
  const path = join(await temporaryFolder(), "sheet.png");
  await writePreview(path, [pair(16, 4), { ...pair(16, 1), kernels: undefined }]);
  const picture = { width: 56, height: 36, channels: 3, bits: 8 } as const;
  const samples = await samplesOf(path, picture);
  const at = (x: number, y: number) => samples[3 * (y * 56 + x)];
  expect([at(3, 3), at(23, 3), at(3, 23), at(23, 23)]).toEqual([255, 153, 255, 153]);
  // A cell of 4 pixels: three taps and a line; the middle tap is the bright one.
  const cell = (y: number) => [0, 1, 2, 3].map((x) => at(40 + x, y));
  expect([0, 1, 2, 3].map(cell)).toEqual([
    [0, 0, 0, 64],
    [0, 255, 0, 64],
    [0, 0, 0, 64],
    [64, 64, 64, 64],
  ]);
  // Between pictures, and where no kernels are known.
  expect([at(17, 3), at(3, 18), at(45, 25)]).toEqual([64, 64, 64]);
});

test("pairs of two sizes, or none, make no sheet", async () => {
  const path = join(await temporaryFolder(), "sheet.png");
  await expect(writePreview(path, [])).rejects.toThrow("pairs of one size");
  await expect(writePreview(path, [pair(16, 0), pair(20, 0)])).rejects.toThrow("pairs of one size");
});
