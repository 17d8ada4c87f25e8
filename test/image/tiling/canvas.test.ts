import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CanvasBlock, openCanvas } from "../../../src/image/tiling/canvas.ts";
import { weightAt } from "../../../src/image/tiling/feather.ts";
import type { Grid } from "../../../src/image/tiling/grid.ts";
import { openGrid } from "../../../src/image/tiling/open-grid.ts";
import { seeded } from "../../operators/fakes.ts";

const grid = openGrid({ width: 101, height: 97, tile: 48, halo: 16, feather: 8, alignment: 16 });

/** Planes of a tile, padded to 16, with values whose sum depends on the order of addition. */
function planesOf(tiles: Grid, index: number): Parameters<ReturnType<typeof openCanvas>["add"]>[1] {
  const { read } = tiles.tile(index);
  const [width, height] = [read.width, read.height].map((n) => Math.ceil(n / 16) * 16) as [
    number,
    number,
  ];
  const random = seeded(index + 1);
  const residual = Float32Array.from(
    { length: 3 * width * height },
    () => (random() - 0.5) * 10 ** (random() * 8 - 4),
  );
  return { residual, width, height };
}

/** All tiles in an order; the result as planes of the image, each pixel checked to come once. */
function blendAll(tiles: Grid, order: readonly number[]): Float32Array {
  const canvas = openCanvas(tiles);
  const { length: width } = tiles.across;
  const { length: height } = tiles.down;
  const image = new Float32Array(3 * width * height).fill(Number.NaN);
  for (const index of order) {
    for (const block of canvas.add(index, planesOf(tiles, index))) {
      paint(image, width, height, block);
    }
  }
  expect(canvas.waitingBytes()).toBe(0);
  expect(image.some(Number.isNaN)).toBe(false);
  return image;
}

function paint(image: Float32Array, width: number, height: number, block: CanvasBlock): void {
  const { rect, residual } = block;
  let i = 0;
  for (let c = 0; c < 3; c++) {
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      for (let x = rect.x; x < rect.x + rect.width; x++) {
        const at = (c * height + y) * width + x;
        if (!Number.isNaN(image[at])) throw new Error(`pixel ${at} came twice`);
        image[at] = residual[i++] as number;
      }
    }
  }
  expect(residual.length).toBe(i);
}

const inOrder = Array.from({ length: grid.count }, (_, i) => i);
const expected = blendAll(grid, inOrder);

describe("openCanvas", () => {
  test("each pixel is the weighted sum of its tiles, by index, rounded to float32 after each", () => {
    let fourfold = 0;
    let wrong = 0;
    for (let c = 0, at = 0; c < 3; c++) {
      for (let y = 0; y < 97; y++) {
        for (let x = 0; x < 101; x++, at++) {
          let sum = 0;
          let parts = 0;
          for (const { index, read } of grid.tiles()) {
            const weight =
              weightAt(grid.across, index % grid.columns, x) *
              weightAt(grid.down, Math.floor(index / grid.columns), y);
            if (weight === 0) continue;
            const { residual, width, height } = planesOfOnce(index);
            const value = residual[(c * height + y - read.y) * width + x - read.x] as number;
            sum = Math.fround(sum + weight * value);
            parts++;
          }
          if (parts === 4) fourfold++;
          if (expected[at] !== sum) wrong++;
        }
      }
    }
    expect(wrong).toBe(0);
    expect(fourfold).toBeGreaterThan(100);
  });

  test("the bytes do not depend on the order of arrival", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(inOrder, { minLength: grid.count }), (order) => {
        expect(Buffer.from(blendAll(grid, order).buffer).equals(Buffer.from(expected.buffer))).toBe(
          true,
        );
      }),
      { numRuns: 15 },
    );
  });

  test("holds only the seams of unfinished neighbours, and counts them to the byte", () => {
    // Two tiles side by side: the seam is 2·8 wide, 40 high, three planes of float32.
    const pair = openGrid({ width: 64, height: 40, tile: 48, halo: 16, feather: 8, alignment: 16 });
    const canvas = openCanvas(pair);
    expect(canvas.waitingBytes()).toBe(0);
    canvas.add(1, planesOf(pair, 1));
    expect(canvas.waitingBytes()).toBe(16 * 40 * 3 * 4);
    canvas.add(0, planesOf(pair, 0));
    expect(canvas.waitingBytes()).toBe(0);
  });

  test("row by row, never more waits than the seams under one row of tiles and beside one tile", () => {
    const wide = openGrid({
      width: 800,
      height: 400,
      tile: 80,
      halo: 16,
      feather: 8,
      alignment: 16,
    });
    const canvas = openCanvas(wide);
    let most = 0;
    for (const { index } of wide.tiles()) {
      canvas.add(index, planesOf(wide, index));
      most = Math.max(most, canvas.waitingBytes());
    }
    // Under a row: 16 lines, where four tiles meet up to three pieces; beside a tile: 16 columns.
    const meeting = 16 * 16 * (wide.columns - 1) * 2;
    expect(most).toBeLessThanOrEqual((800 * 16 + meeting + 80 * 16 * 3) * 3 * 4);
  });

  test("later changes to a tile's buffer do not reach the canvas", () => {
    const pair = openGrid({ width: 64, height: 16, tile: 48, halo: 16, feather: 8, alignment: 16 });
    const canvas = openCanvas(pair);
    const planes = planesOf(pair, 0);
    const [interior] = canvas.add(0, planes);
    const before = interior?.residual.slice();
    planes.residual.fill(1e9);
    expect(interior?.residual).toEqual(before);
    const seam = canvas.add(1, planesOf(pair, 1)).find(({ rect }) => rect.width === 16);
    expect(seam?.residual.every((value) => Math.abs(value) < 1e6)).toBe(true);
  });

  test("a tile that comes twice is refused, in whatever order tiles came", () => {
    const canvas = openCanvas(grid);
    for (const index of [3, 0, 1]) canvas.add(index, planesOf(grid, index));
    for (const index of [3, 0, 1]) {
      expect(() => canvas.add(index, planesOf(grid, index))).toThrow(`tile ${index} came twice`);
    }
    expect(() => canvas.add(2, planesOf(grid, 2))).not.toThrow();
  });

  test("an unknown tile is refused", () => {
    expect(() => openCanvas(grid).add(grid.count, planesOf(grid, 0))).toThrow(
      `there is no tile ${grid.count} in a grid of ${grid.count}`,
    );
  });

  test("planes that do not cover the tile are refused, and the tile may come again", () => {
    const canvas = openCanvas(grid);
    const { residual } = planesOf(grid, 0);
    const refusal = /expected planes of at least 48×48 for tile 0/;
    expect(() => canvas.add(0, { residual, width: 144, height: 16 })).toThrow(refusal);
    expect(() => canvas.add(0, { residual: residual.slice(1), width: 48, height: 48 })).toThrow(
      refusal,
    );
    expect(canvas.waitingBytes()).toBe(0);
    expect(() => canvas.add(0, planesOf(grid, 0))).not.toThrow();
  });
});

const known = new Map<number, ReturnType<typeof planesOf>>();
function planesOfOnce(index: number): ReturnType<typeof planesOf> {
  const planes = known.get(index) ?? planesOf(grid, index);
  known.set(index, planes);
  return planes;
}
