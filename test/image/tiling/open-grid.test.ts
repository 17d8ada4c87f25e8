import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OptionError } from "../../../src/errors.ts";
import { openGrid } from "../../../src/image/tiling/open-grid.ts";

const alignment = 16;

describe("the grid of a run", () => {
  it("fades tiles out over half the halo where there is room", () => {
    const plan = { width: 6000, height: 4000, tile: 512, halo: 64, alignment };
    // 384 of own pixels a tile: 5872 / 384 and 3872 / 384, rounded up.
    expect(openGrid(plan)).toMatchObject({ plan: { feather: 32 }, count: 16 * 11 });
  });

  it("fades them out over less where tiles lie close", () => {
    const plan = { width: 400, height: 100, tile: 144, halo: 64, alignment };
    expect(openGrid(plan)).toMatchObject({ plan: { feather: 8 }, count: 17 });
  });

  it("has a feather that openGrid accepts and a first tile as large as any", () => {
    const multiple = (max: number) => fc.integer({ min: 0, max }).map((n) => n * alignment);
    const side = fc.integer({ min: 1, max: 3000 });
    fc.assert(
      fc.property(side, side, multiple(8), multiple(20), (width, height, halo, room) => {
        const plan = { width, height, halo, tile: 2 * halo + alignment + room, alignment };
        const grid = openGrid(plan);
        const { feather } = grid.plan;
        expect(openGrid({ ...plan, feather }).count).toBe(grid.count);
        const reads = Array.from(grid.tiles(), ({ read }) => read);
        const first = grid.tile(0).read;
        expect(Math.max(...reads.map((read) => read.width))).toBe(first.width);
        expect(Math.max(...reads.map((read) => read.height))).toBe(first.height);
        expect(feather).toBeLessThanOrEqual(halo / 2);
      }),
    );
  });

  it("refuses tiles the engine cannot take", () => {
    const plan = { width: 100, height: 100, tile: 48, halo: 0, alignment: 32 };
    expect(() => openGrid(plan)).toThrow(OptionError);
  });
});
