import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OptionError } from "../../src/errors.ts";
import { openGrid, planTiles } from "../../src/image/plan-tiles.ts";

const alignment = 16;

describe("the plan of a run", () => {
  it("fades tiles out over half the halo where there is room", () => {
    const plan = { width: 6000, height: 4000, tile: 512, halo: 64, alignment };
    // 384 of own pixels a tile: 5872 / 384 and 3872 / 384, rounded up.
    expect(planTiles(plan)).toMatchObject({ feather: 32, tiles: 16 * 11 });
  });

  it("fades them out over less where tiles lie close", () => {
    const plan = { width: 400, height: 100, tile: 144, halo: 64, alignment };
    expect(planTiles(plan)).toMatchObject({ feather: 8, tiles: 17 });
  });

  it("is one the grid accepts, whatever the sizes", () => {
    const multiple = (max: number) => fc.integer({ min: 0, max }).map((n) => n * alignment);
    const side = fc.integer({ min: 1, max: 3000 });
    fc.assert(
      fc.property(side, side, multiple(8), multiple(20), (width, height, halo, room) => {
        const plan = { width, height, halo, tile: 2 * halo + alignment + room, alignment };
        const { feather, tiles, tileWidth, tileHeight } = planTiles(plan);
        const grid = openGrid({ ...plan, feather });
        expect(grid.count).toBe(tiles);
        const reads = Array.from(grid.tiles(), ({ read }) => read);
        expect(Math.max(...reads.map((read) => read.width))).toBe(tileWidth);
        expect(Math.max(...reads.map((read) => read.height))).toBe(tileHeight);
        expect(feather).toBeLessThanOrEqual(halo / 2);
      }),
    );
  });

  it("refuses tiles the engine cannot take", () => {
    const plan = { width: 100, height: 100, tile: 48, halo: 0, alignment: 32 };
    expect(() => planTiles(plan)).toThrow(OptionError);
  });
});
