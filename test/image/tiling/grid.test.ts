import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type GridPlan, planGrid } from "../../../src/image/tiling/grid.ts";
import { openGrid } from "../../../src/image/tiling/open-grid.ts";

/** Sound plans of any alignment; `feather` from none to the most that the image allows. */
function plans(longest: number): fc.Arbitrary<GridPlan> {
  const side = fc.oneof(
    fc.integer({ min: 1, max: longest }),
    fc.constantFrom(1, 2, 15, 16, 17, 31, 97, 101, 127, 257).filter((n) => n <= longest),
  );
  return fc
    .record({
      width: side,
      height: side,
      alignment: fc.constantFrom(1, 2, 8, 16),
      halos: fc.nat({ max: 4 }),
      body: fc.integer({ min: 1, max: 6 }),
      softness: fc.constantFrom(0, 0.3, 0.5, 1),
    })
    .map(({ alignment, halos, body, softness, width, height }) => {
      const halo = halos * alignment;
      const tile = 2 * halo + body * alignment;
      const most = Math.min(...[width, height].map((length) => mostFeather(length)));
      return { width, height, tile, halo, alignment, feather: Math.floor(softness * most) };

      // Found by trying: the distance between two neighbouring origins is what bounds the feather.
      function mostFeather(length: number): number {
        const grid = planGrid({ width: length, height: 1, tile, halo, feather: 0, alignment });
        if (grid.columns === 1) return halo;
        return Math.min(halo, Math.floor((grid.tile(1).read.x - grid.tile(0).read.x) / 2));
      }
    });
}

const everyPlan = plans(260);

/** Stands for `expect` where millions of small facts are checked. */
function must(truth: boolean, fact: string): void {
  if (!truth) throw new Error(`not so: ${fact}`);
}

describe("planGrid", () => {
  test("the cores of all tiles partition the image", () => {
    fc.assert(
      fc.property(plans(150), (plan) => {
        const owners = new Uint8Array(plan.width * plan.height);
        for (const { core } of planGrid(plan).tiles()) {
          for (let y = core.y; y < core.y + core.height; y++) {
            for (let x = core.x; x < core.x + core.width; x++) {
              owners[y * plan.width + x] = (owners[y * plan.width + x] as number) + 1;
            }
          }
        }
        expect(owners.every((n) => n === 1)).toBe(true);
      }),
    );
  });

  test("a tile reads its core and a whole halo around it, less only where the image ends", () => {
    fc.assert(
      fc.property(everyPlan, ({ width, height, halo, ...plan }) => {
        for (const { read, core } of planGrid({ width, height, halo, ...plan }).tiles()) {
          must(core.width > 0 && core.height > 0, "every tile has a core");
          must(read.x >= 0 && read.x + read.width <= width, "reads columns inside the image");
          must(read.y >= 0 && read.y + read.height <= height, "reads rows inside the image");
          must(read.x <= Math.max(0, core.x - halo), "a halo on the left");
          must(read.y <= Math.max(0, core.y - halo), "a halo above");
          const right = Math.min(width, core.x + core.width + halo);
          const bottom = Math.min(height, core.y + core.height + halo);
          must(read.x + read.width >= right, "a halo on the right");
          must(read.y + read.height >= bottom, "a halo below");
        }
      }),
    );
  });

  test("origins are aligned, and no tile reads more than the tile length", () => {
    fc.assert(
      fc.property(everyPlan, (plan) => {
        for (const { read } of planGrid(plan).tiles()) {
          must(read.x % plan.alignment === 0 && read.y % plan.alignment === 0, "aligned origin");
          must(Math.max(read.width, read.height) <= plan.tile, "at most the tile length");
        }
      }),
    );
  });

  test("there are no more tiles than the tile length asks for, and all but the last are of one size", () => {
    fc.assert(
      fc.property(everyPlan, ({ height, ...plan }) => {
        const grid = planGrid({ ...plan, height: 1 });
        const body = plan.tile - 2 * plan.halo;
        let fewest = 1;
        while (plan.tile + (fewest - 1) * body < plan.width) fewest++;
        expect(grid.columns).toBe(fewest);
        const widths = [...grid.tiles()].map(({ read }) => read.width);
        expect(new Set(widths.slice(0, -1)).size).toBeLessThanOrEqual(1);
        expect(widths.at(-1)).toBeLessThanOrEqual(widths[0] as number);
        // Even: the last is short only by what alignment costs, one unit for each tile.
        const missing = (widths[0] as number) - (widths.at(-1) as number);
        expect(missing).toBeLessThan(plan.alignment * grid.columns);
      }),
    );
  });

  test("the sizes worked by hand", () => {
    const grid = planGrid({
      width: 100,
      height: 40,
      tile: 64,
      halo: 16,
      feather: 8,
      alignment: 16,
    });
    expect([grid.columns, grid.rows, grid.count]).toEqual([3, 1, 3]);
    const spans = [...grid.tiles()].map(({ index, read, core }) => [
      index,
      [read.x, read.x + read.width],
      [core.x, core.x + core.width],
    ]);
    expect(spans).toEqual([
      [0, [0, 64], [0, 48]],
      [1, [32, 96], [48, 80]],
      [2, [64, 100], [80, 100]],
    ]);
    expect(
      grid.blocks(1).map(({ rect, contributors }) => [rect.x, rect.width, contributors]),
    ).toEqual([
      [40, 16, [0, 1]],
      [56, 16, [1]],
      [72, 16, [1, 2]],
    ]);
  });

  test("tiles are numbered row by row, and tile(i) is the i-th of tiles()", () => {
    fc.assert(
      fc.property(plans(100), (plan) => {
        const grid = planGrid(plan);
        const tiles = [...grid.tiles()];
        expect(tiles.length).toBe(grid.rows * grid.columns);
        const raster = tiles.toSorted((a, b) => a.core.y - b.core.y || a.core.x - b.core.x);
        for (const [i, tile] of raster.entries()) must(tile.index === i, "row-major index");
        const some = Math.floor(tiles.length / 2);
        expect(grid.tile(some)).toEqual(tiles[some]);
      }),
    );
  });

  test("an image of prime sides near 2³¹ costs nothing to plan, and its corner is right", () => {
    const side = 2 ** 31 - 1;
    const grid = planGrid({
      width: side,
      height: side,
      tile: 512,
      halo: 64,
      feather: 32,
      alignment: 16,
    });
    const last = grid.tile(grid.count - 1);
    expect(last.read.x + last.read.width).toBe(side);
    expect(last.core.y + last.core.height).toBe(side);
    expect(last.read.x % 16).toBe(0);
    expect(grid.tiles().next().value).toEqual(grid.tile(0));
  });

  test("a tile that is not in the grid is refused", () => {
    const grid = planGrid({ width: 9, height: 9, tile: 16, halo: 0, feather: 0, alignment: 16 });
    for (const index of [-1, 1, 0.5, Number.NaN]) {
      expect(() => grid.tile(index)).toThrow(`there is no tile ${index} in a grid of 1`);
      expect(() => grid.blocks(index)).toThrow(RangeError);
    }
  });
});

describe("blocks", () => {
  test("the blocks of all tiles partition the image, and none is empty", () => {
    fc.assert(
      fc.property(plans(150), (plan) => {
        const grid = planGrid(plan);
        const rects = new Map<number, string>();
        const covered = new Uint8Array(plan.width * plan.height);
        for (let index = 0; index < grid.count; index++) {
          const blocks = grid.blocks(index);
          expect(blocks.length).toBeLessThanOrEqual(9);
          for (const { id, rect, contributors } of blocks) {
            expect(contributors).toContain(index);
            expect(rect.width * rect.height).toBeGreaterThan(0);
            const known = rects.get(id);
            if (known === undefined) {
              rects.set(id, JSON.stringify(rect));
              for (let y = rect.y; y < rect.y + rect.height; y++) {
                for (let x = rect.x; x < rect.x + rect.width; x++) {
                  const pixel = y * plan.width + x;
                  covered[pixel] = (covered[pixel] as number) + 1;
                }
              }
            } else expect(JSON.stringify(rect)).toBe(known);
          }
        }
        expect(covered.every((n) => n === 1)).toBe(true);
      }),
    );
  });

  test("every contributor lists the block, reads all of it, and they come in ascending order", () => {
    fc.assert(
      fc.property(plans(100), (plan) => {
        const grid = planGrid(plan);
        for (let index = 0; index < grid.count; index++) {
          for (const { id, rect, contributors } of grid.blocks(index)) {
            must([1, 2, 4].includes(contributors.length), "one, two or four contributors");
            for (const [i, other] of contributors.entries()) {
              must(i === 0 || other > (contributors[i - 1] as number), "ascending");
              must(
                grid.blocks(other).some((block) => block.id === id),
                "listed by all",
              );
              const { read } = grid.tile(other);
              must(rect.x >= read.x && rect.y >= read.y, "covered at the top left");
              must(rect.x + rect.width <= read.x + read.width, "covered at the right");
              must(rect.y + rect.height <= read.y + read.height, "covered at the bottom");
            }
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test("seams are twice the feather wide and centred on the boundaries between cores", () => {
    fc.assert(
      fc.property(plans(150), (plan) => {
        const grid = planGrid({ ...plan, height: 1 });
        for (const { index, core } of grid.tiles()) {
          const seam = grid.blocks(index).find(({ contributors }) => contributors[1] === index);
          if (index === 0 || plan.feather === 0) must(seam === undefined, "no seam");
          else must(seam?.rect.x === core.x - plan.feather, "begins a feather before");
          if (seam) must(seam.rect.width === 2 * plan.feather, "two feathers wide");
        }
      }),
    );
  });
});

describe("openGrid", () => {
  const plan = { width: 100, height: 100, tile: 64, halo: 16, feather: 8, alignment: 16 };

  test("every sound plan passes", () => {
    fc.assert(fc.property(everyPlan, (sound) => must(openGrid(sound).count > 0, "a grid")));
  });

  test.each([
    [{ width: 0 }, "Expected an integer from 1 up for width but received 0"],
    [{ height: 1.5 }, "Expected an integer from 1 up for height but received 1.5"],
    [{ halo: 8 }, "Expected an integer from 0 up that is a multiple of 16 for halo but received 8"],
    [
      { tile: 40 },
      "Expected an integer from 48 up that is a multiple of 16 for tile but received 40",
    ],
    [
      { tile: 32 },
      "Expected an integer from 48 up that is a multiple of 16 for tile but received 32",
    ],
    [{ feather: 17 }, "Expected an integer from 0 to 16 for feather but received 17"],
    [{ feather: -1 }, "Expected an integer from 0 to 16 for feather but received -1"],
    // Tiles 16 apart: seams of more than 16 would meet.
    [{ tile: 48, feather: 9 }, "Expected an integer from 0 to 8 for feather but received 9"],
  ])("refuses %o", (change, message) => {
    expect(() => openGrid({ ...plan, ...change })).toThrow(message);
  });
});

describe("a grid of cells, for scale auto", () => {
  const cells = fc.record({
    width: fc.integer({ min: 1, max: 2000 }),
    height: fc.integer({ min: 1, max: 700 }),
    halo: fc.constantFrom(32, 48, 64, 80),
    room: fc.integer({ min: 0, max: 30 }),
  });
  const open = ({
    halo,
    room,
    ...size
  }: {
    width: number;
    height: number;
    halo: number;
    room: number;
  }) => {
    const tile = 128 + Math.max(2 * halo, 128) + 16 * room;
    return { tile, halo, grid: openGrid({ ...size, tile, halo, alignment: 16, scale: "auto" }) };
  };

  test("cores partition the image and begin at multiples of 128", () => {
    fc.assert(
      fc.property(cells, (given) => {
        const { grid } = open(given);
        let area = 0;
        for (const { core } of grid.tiles()) {
          must(core.x % 128 === 0 && core.y % 128 === 0, "whole cells");
          must(core.width > 0 && core.height > 0, "every tile has a core");
          area += core.width * core.height;
        }
        expect(area).toBe(given.width * given.height);
      }),
    );
  });

  test("tiles read aligned, twice the halo around the core, and the net gets no more than a tile", () => {
    fc.assert(
      fc.property(cells, (given) => {
        const { tile, halo, grid } = open(given);
        const largest = grid.largest();
        for (const { read, core } of grid.tiles()) {
          must(read.x % 32 === 0 && read.y % 32 === 0, "aligned origin");
          must(read.x === Math.max(0, core.x - 2 * halo), "two halos on the left");
          const right = Math.min(given.width, core.x + core.width + 2 * halo);
          must(read.x + read.width === right, "two halos on the right");
          const atFull =
            Math.min(given.width, core.x + core.width + halo) - Math.max(0, core.x - halo);
          must(atFull <= tile, "at most a tile at full size");
          must(read.width <= largest.width && read.height <= largest.height, "largest");
        }
        const widths = [...grid.tiles()].map(({ read }) => read.width);
        expect(Math.max(...widths)).toBe(largest.width);
      }),
    );
  });

  test("the sizes worked by hand", () => {
    const plan = { width: 900, height: 100, tile: 512, halo: 32, alignment: 16 } as const;
    const grid = openGrid({ ...plan, scale: "auto" });
    // Seven cells, the last one of 132 pixels; three fit into a tile.
    const spans = [...grid.tiles()].map(({ read, core }) => [
      [read.x, read.x + read.width],
      [core.x, core.x + core.width],
    ]);
    expect(spans).toEqual([
      [
        [0, 448],
        [0, 384],
      ],
      [
        [320, 832],
        [384, 768],
      ],
      [
        [704, 900],
        [768, 900],
      ],
    ]);
    expect(grid.plan).toEqual({
      ...{ width: 900, height: 100, scale: "auto" },
      ...{ tile: 576, halo: 64, alignment: 32, feather: 16 },
    });
  });
});

test("scales 2 and 4 multiply tile, halo and alignment", () => {
  const plan = { width: 900, height: 700, tile: 64, halo: 16, alignment: 16 };
  expect(openGrid({ ...plan, scale: 2 }).plan).toEqual({
    ...{ width: 900, height: 700, scale: 2 },
    ...{ tile: 128, halo: 32, alignment: 32, feather: 16 },
  });
  expect(openGrid({ ...plan, scale: 4 }).plan).toMatchObject({
    tile: 256,
    halo: 64,
    alignment: 64,
  });
  expect(openGrid({ ...plan, scale: 1 }).plan).toEqual(openGrid(plan).plan);
});
