import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { enlargePlanes } from "../../../src/image/scale/enlarge.ts";
import { limitResidual } from "../../../src/image/scale/limit-residual.ts";
import { reducePlanes } from "../../../src/image/scale/reduce.ts";
import type { Planes } from "../../../src/image/tiling/pieces.ts";

/** A plane, and the same resized by Pillow (test/fixtures/README.md). */
interface Resized {
  readonly width: number;
  readonly height: number;
  readonly values: readonly number[];
  readonly by2: readonly number[];
  readonly by4: readonly number[];
}

const { enlarged, reduced } = JSON.parse(
  readFileSync(new URL("../../fixtures/resized.json", import.meta.url), "utf8"),
) as Record<"enlarged" | "reduced", readonly Resized[]>;

/** Three planes: the plane, its negative, and zeros. */
function planesOf(width: number, height: number, values: readonly number[]): Planes {
  const zeros = values.map(() => 0);
  const residual = Float32Array.from([...values, ...values.map((value) => -value), ...zeros]);
  return { width, height, residual };
}

function expectClose(found: Planes, values: readonly number[], tolerance: number): void {
  const planes = planesOf(found.width, found.height, values);
  expect(found.residual.length).toBe(planes.residual.length);
  found.residual.forEach((value, i) => {
    expect(Math.abs(value - (planes.residual[i] as number))).toBeLessThanOrEqual(tolerance);
  });
}

/** Planes of sides 1 to 9, of whole eighths: their sums are exact. */
const anyPlanes = fc
  .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) })
  .chain(({ width, height }) =>
    fc
      .array(fc.integer({ min: -8, max: 8 }), {
        minLength: width * height * 3,
        maxLength: width * height * 3,
      })
      .map((values) => ({ width, height, residual: Float32Array.from(values, (v) => v / 8) })),
  );
const anyScale = fc.constantFrom(2, 4);

describe("enlargePlanes", () => {
  test.each(
    enlarged.flatMap((plane) =>
      [2, 4].map((scale) => [plane.width, plane.height, scale, plane] as const),
    ),
  )("enlarges %i×%i by %i as Pillow's Lanczos filter", (width, height, scale, plane) => {
    const found = enlargePlanes(planesOf(width, height, plane.values), scale);
    expect([found.width, found.height]).toEqual([width * scale, height * scale]);
    expectClose(found, plane[`by${scale as 2 | 4}`], 3e-7);
  });

  test("keeps zeros, and a constant to rounding", () => {
    fc.assert(
      fc.property(anyPlanes, anyScale, ({ width, height, residual }, scale) => {
        const nothing = enlargePlanes({ width, height, residual: residual.map(() => 0) }, scale);
        expect(nothing.residual.every((value) => value === 0)).toBe(true);
        const even = enlargePlanes({ width, height, residual: residual.map(() => 0.7) }, scale);
        expect(even.residual.every((value) => Math.abs(value - 0.7) < 1e-6)).toBe(true);
      }),
    );
  });

  test("a part gives the same as the whole, three pixels and more away from its edges", () => {
    const [width, height] = [24, 20];
    const values = Float32Array.from({ length: 3 * width * height }, (_, i) => Math.sin(i * i));
    const part = { x: 4, y: 6, width: 16, height: 12 };
    const cut = new Float32Array(3 * part.width * part.height);
    for (let i = 0; i < cut.length; i++) {
      const [x, row] = [i % part.width, Math.floor(i / part.width)];
      const line = Math.floor(row / part.height) * height + part.y + (row % part.height);
      cut[i] = values[line * width + part.x + x] as number;
    }
    for (const scale of [2, 4]) {
      const whole = enlargePlanes({ width, height, residual: values }, scale);
      const alone = enlargePlanes({ ...part, residual: cut }, scale);
      for (let channel = 0; channel < 3; channel++) {
        for (let y = 3 * scale; y < (part.height - 3) * scale; y++) {
          for (let x = 3 * scale; x < (part.width - 3) * scale; x++) {
            const inPart = (channel * alone.height + y) * alone.width + x;
            const line = channel * whole.height + part.y * scale + y;
            const inWhole = line * whole.width + part.x * scale + x;
            expect(alone.residual[inPart]).toBe(whole.residual[inWhole]);
          }
        }
      }
    }
  });
});

describe("reducePlanes", () => {
  test.each(reduced.flatMap((plane) => [2, 4].map((scale) => [scale, plane] as const)))(
    "reduces by %i as Pillow's box filter",
    (scale, { width, height, values, ...plane }) => {
      const found = reducePlanes(planesOf(width, height, values), scale);
      expect([found.width, found.height]).toEqual([width / scale, height / scale]);
      expectClose(found, plane[`by${scale as 2 | 4}`], 1e-7);
    },
  );

  test("gives back planes whose pixels were repeated, and twice by 2 is once by 4", () => {
    fc.assert(
      fc.property(anyPlanes, anyScale, (planes, scale) => {
        const large = repeated(planes, scale);
        expect(reducePlanes(large, scale)).toEqual(planes);
        expect(reducePlanes(reducePlanes(repeated(planes, 4), 2), 2)).toEqual(
          reducePlanes(repeated(planes, 4), 4),
        );
      }),
    );
  });

  test("keeps the mean", () => {
    fc.assert(
      fc.property(anyPlanes, ({ width, height, residual }) => {
        const large = repeated({ width, height, residual }, 2);
        large.residual.forEach((_, i) => {
          large.residual[i] = ((i * 37) % 11) / 8;
        });
        const mean = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
        expect(mean(reducePlanes(large, 2).residual)).toBeCloseTo(mean(large.residual), 6);
      }),
    );
  });

  test("refuses sides that boxes do not fill", () => {
    const planes = { width: 6, height: 3, residual: new Float32Array(54) };
    expect(() => reducePlanes(planes, 2)).toThrow("expected multiples of 2 but received 6×3");
  });
});

test("limitResidual keeps x + residual in 0..1, and a residual within exactly as it is", () => {
  const unit = fc.float({ min: 0, max: 1, noNaN: true });
  const change = fc.float({ min: -2, max: 2, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(unit, change)), (pairs) => {
      const x = Float32Array.from(pairs, ([value]) => value);
      const before = Float32Array.from(pairs, ([, value]) => value);
      const residual = before.slice();
      limitResidual(residual, x);
      residual.forEach((value, i) => {
        const [at, was] = [x[i] as number, before[i] as number];
        expect(at + value).toBeGreaterThanOrEqual(-1e-7);
        expect(at + value).toBeLessThanOrEqual(1 + 1e-7);
        if (at + was >= 0 && at + was <= 1) expect(value).toBe(was);
      });
    }),
  );
});

/** Each pixel as a box of `scale` × `scale`. */
function repeated({ width, height, residual }: Planes, scale: number): Planes {
  const [across, down] = [width * scale, height * scale];
  const values = Float32Array.from({ length: 3 * across * down }, (_, i) => {
    const [x, row] = [i % across, Math.floor(i / across)];
    const from = (Math.floor(row / down) * height + Math.floor((row % down) / scale)) * width;
    return residual[from + Math.floor(x / scale)] as number;
  });
  return { width: across, height: down, residual: values };
}
