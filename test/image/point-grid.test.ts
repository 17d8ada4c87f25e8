import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OptionError } from "../../src/errors.ts";
import { planPoints } from "../../src/image/point-grid.ts";
import { planGrid } from "../../src/image/tiling/grid.ts";

const side = fc.integer({ min: 1, max: 400 });
const size = fc.record({
  width: side,
  height: side,
  spacing: fc.integer({ min: 1, max: 90 }),
});

describe("the points of an image", () => {
  test("lie in it, a spacing apart, as far from one edge as from the other", () => {
    fc.assert(
      fc.property(size, (plan) => {
        const points = planPoints(plan);
        const places = Array.from({ length: points.columns }, (_, i) => points.x(i));
        for (const [i, x] of places.entries()) {
          if (i > 0) expect(x - (places[i - 1] as number)).toBe(plan.spacing);
        }
        const before = places[0] as number;
        const after = plan.width - 1 - (places.at(-1) as number);
        expect(before).toBeGreaterThanOrEqual(0);
        expect(before - after).toBeGreaterThanOrEqual(0);
        expect(before - after).toBeLessThanOrEqual(1);
        // No room for another one.
        expect(before + after).toBeLessThan(2 * plan.spacing);
      }),
    );
  });

  test("are each in the core of one tile, whatever the tiles", () => {
    const cut = fc.record({
      halo: fc.integer({ min: 0, max: 3 }),
      core: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(size, cut, (plan, { halo, core }) => {
        const points = planPoints(plan);
        const grid = planGrid({
          ...plan,
          tile: 16 * (2 * halo + core),
          halo: 16 * halo,
          feather: 0,
          alignment: 16,
        });
        let outside = 0;
        const seen = new Uint8Array(points.columns * points.rows);
        for (const { core: own } of grid.tiles()) {
          const { x, y, width, height } = points.within(own);
          for (let row = y; row < y + height; row++) {
            for (let column = x; column < x + width; column++) {
              const at = row * points.columns + column;
              seen[at] = (seen[at] as number) + 1;
              const [px, py] = [points.x(column), points.y(row)];
              const across = px >= own.x && px < own.x + own.width;
              if (!across || py < own.y || py >= own.y + own.height) outside++;
            }
          }
        }
        expect(outside).toBe(0);
        expect(seen.every((count) => count === 1)).toBe(true);
      }),
    );
  });

  test("are at least one, also where the image is smaller than the spacing", () => {
    const points = planPoints({ width: 5, height: 1, spacing: 100 });
    expect([points.columns, points.rows, points.x(0), points.y(0)]).toEqual([1, 1, 2, 0]);
  });

  test.each(["width", "height", "spacing"])("are refused where %s is no length", (name) => {
    const plan = { width: 8, height: 8, spacing: 2, [name]: 0 };
    expect(() => planPoints(plan)).toThrow(OptionError);
    expect(() => planPoints(plan)).toThrow(name);
  });
});
