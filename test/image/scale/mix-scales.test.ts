import fc from "fast-check";
import { expect, test } from "vitest";
import { mixScales } from "../../../src/image/scale/mix-scales.ts";

const plan = { width: 256, height: 128, feather: 16 };
const rect = { x: 0, y: 0, ...plan };
const { width, height } = plan;

/** Planes of one value in the left cell, and another in the right one. */
const planes = (left: number, right: number) => ({
  ...{ width, height, rect },
  residual: Float32Array.from({ length: 3 * width * height }, (_, i) =>
    i % width < 128 ? left : right,
  ),
});

test("half size is taken in a cell where its energy is more than 1.2 times as much", () => {
  const change = fc.float({ min: Math.fround(-0.5), max: Math.fround(0.5), noNaN: true });
  fc.assert(
    fc.property(change, change, change, change, (a, b, c, d) => {
      const half = planes(c, d);
      mixScales({ plan, core: rect, full: planes(a, b), half, invalid: undefined });
      const chosen = (one: number, other: number) => (other ** 2 > 1.2 * one ** 2 ? other : one);
      // Away from the border between the cells, and in its middle.
      expect(half.residual[100]).toBe(chosen(a, c));
      expect(half.residual[156]).toBe(chosen(b, d));
      expect(half.residual[3 * width * height - 1]).toBe(chosen(b, d));
    }),
    { numRuns: 20 },
  );
});

test("the choice fades over a feather on each side of the border between cells", () => {
  const half = planes(1, 1);
  // Half size wins in the left cell alone: full size changes nothing there, and as much in the right one.
  mixScales({ plan, core: rect, full: planes(0, 1), half, invalid: undefined });
  expect(half.residual[111]).toBe(1);
  for (let x = 112; x < 128; x++) {
    const along = x + 0.5 - 112;
    const share = 1 - (1 - Math.cos((Math.PI * along) / 32)) / 2;
    expect(half.residual[x]).toBeCloseTo(share, 6);
  }
  // Both are 1 in the right cell.
  expect(half.residual.subarray(128, 256).every((value) => Math.abs(value - 1) < 1e-6)).toBe(true);
});

test("pixels without a measurement do not count", () => {
  const invalid = Uint8Array.from({ length: width * height }, (_, i) => (i % width < 64 ? 1 : 0));
  const half = planes(0.1, 0.1);
  const full = planes(0.2, 0.2);
  // Where nothing was measured the other size would win by far.
  for (let i = 0; i < half.residual.length; i++) if (i % width < 64) half.residual[i] = 9;
  mixScales({ plan, core: rect, full, half, invalid });
  expect(half.residual[100]).toBe(Math.fround(0.2));
  const counted = planes(9, 0.1);
  mixScales({ plan, core: rect, full: planes(0.2, 0.2), half: counted, invalid: undefined });
  expect(counted.residual[100]).toBe(9);
});
