import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planAxis, widestFeather } from "../../../src/image/tiling/axis.ts";
import { weightAt, weightsOf } from "../../../src/image/tiling/feather.ts";

const axes = fc
  .record({
    length: fc.integer({ min: 1, max: 600 }),
    halos: fc.nat({ max: 4 }),
    body: fc.integer({ min: 1, max: 6 }),
    alignment: fc.constantFrom(1, 8, 16),
    softness: fc.constantFrom(0, 0.4, 1),
  })
  .map(({ length, halos, body, alignment, softness }) => {
    const halo = halos * alignment;
    const plan = { length, tile: 2 * halo + body * alignment, halo, feather: 0, alignment };
    return planAxis({ ...plan, feather: Math.floor(softness * widestFeather(planAxis(plan))) });
  });

describe("weightAt", () => {
  test("at every pixel the weights of all tiles sum to 1, at most two of them are not 0", () => {
    fc.assert(
      fc.property(axes, (axis) => {
        for (let x = 0; x < axis.length; x++) {
          const weights = Array.from({ length: axis.count }, (_, i) => weightAt(axis, i, x));
          const sum = weights.reduce((a, b) => Math.fround(a + b), 0);
          expect(Math.abs(sum - 1)).toBeLessThanOrEqual(1e-6);
          expect(weights.every((w) => w >= 0 && w <= 1)).toBe(true);
          expect(weights.filter((w) => w > 0).length).toBeLessThanOrEqual(2);
        }
      }),
    );
  });

  test("in the plane, the products sum to 1 as well", () => {
    fc.assert(
      fc.property(axes, axes, fc.nat(), fc.nat(), (across, down, x, y) => {
        let sum = 0;
        for (let row = 0; row < down.count; row++) {
          for (let column = 0; column < across.count; column++) {
            sum +=
              weightAt(across, column, x % across.length) * weightAt(down, row, y % down.length);
          }
        }
        expect(Math.abs(sum - 1)).toBeLessThanOrEqual(1e-6);
      }),
    );
  });

  test("a seam is a raised cosine at pixel centres, as worked by hand", () => {
    // Two tiles with the boundary at 32 and a seam of [30, 34): (1 − cos(π (k + ½) / 4)) / 2.
    const axis = planAxis({ length: 48, tile: 48 - 16, halo: 8, feather: 2, alignment: 8 });
    expect(axis.count).toBe(2);
    const start = axis.step + 8 - 3;
    const expected = [0, 0.0380602, 0.3086583, 0.6913417, 0.9619398, 1];
    const rising = [...weightsOf(axis, 1, { start, end: start + 6 })];
    const falling = [...weightsOf(axis, 0, { start, end: start + 6 })];
    for (const [i, value] of expected.entries()) {
      expect(rising[i]).toBeCloseTo(value, 6);
      expect(falling[i]).toBeCloseTo(1 - value, 6);
    }
  });

  test("without a feather the weights are the cores", () => {
    const axis = planAxis({ length: 100, tile: 64, halo: 16, feather: 0, alignment: 16 });
    expect([0, 1, 2].map((i) => weightAt(axis, i, 47))).toEqual([1, 0, 0]);
    expect([0, 1, 2].map((i) => weightAt(axis, i, 48))).toEqual([0, 1, 0]);
  });
});
