import sharp from "sharp";
import { expect, test } from "vitest";
import { encodeFigure, enlarge, upright } from "../../../src/io/sinks/figure.ts";

/** Six different pixels in two rows: (column, row) tells a pixel. */
const figure = {
  width: 3,
  height: 2,
  rgb: Uint8Array.from({ length: 18 }, (_, i) => (i % 3) + 10 * Math.floor(i / 3)),
};

/** Where the stored pixel (0, 0) and (1, 0) are seen under an orientation (Exif 2.32, tag 0x0112). */
const corners = [
  [1, 3, [0, 0], [1, 0]],
  [2, 3, [2, 0], [1, 0]],
  [3, 3, [2, 1], [1, 1]],
  [4, 3, [0, 1], [1, 1]],
  [5, 2, [0, 0], [0, 1]],
  [6, 2, [1, 0], [1, 1]],
  [7, 2, [1, 2], [1, 1]],
  [8, 2, [0, 2], [0, 1]],
] as const;

test.each(corners)(
  "orientation %i is seen as Exif says",
  async (orientation, width, first, next) => {
    const seen = await upright(figure, orientation);
    const at = ([x, y]: readonly [number, number]) => seen.rgb[3 * (y * seen.width + x)];
    expect([seen.width, seen.height]).toEqual([width, 6 / width]);
    expect([at(first), at(next)]).toEqual([0, 10]);
  },
);

test("an enlarged pixel is a square", async () => {
  const { width, height, rgb } = await enlarge(figure, 2, { smooth: false });
  expect([width, height, rgb.length]).toEqual([6, 4, 72]);
  const reds = Array.from(rgb).filter((_, i) => i % 3 === 0);
  expect(reds.slice(6, 12)).toEqual([0, 0, 10, 10, 20, 20]);
  expect(await enlarge(figure, 1, { smooth: true })).toBe(figure);
});

test.each(["png", "jpeg", "webp"] as const)("is encoded as %s", async (format) => {
  const { data, info } = await sharp(await encodeFigure(figure, format))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: 3, height: 2, channels: 3 });
  if (format === "png") expect(Array.from(data)).toEqual(Array.from(figure.rgb));
});
