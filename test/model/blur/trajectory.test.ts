import { describe, expect, test } from "vitest";
import { simulateTrajectory } from "../../../src/model/blur/trajectory.ts";
import { openStream } from "../../../src/model/random-stream.ts";

const range = (values: Float64Array) =>
  values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));

function moments(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((a, b) => a + b) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

// 150 paths each of 2000 positions and length 60, sampled with the code of KupynOrest/DeblurGAN.
const published = [
  { anxiety: 0.01, extent: { mean: 13.4905, deviation: 5.6387 }, impulses: 2.1333 },
  { anxiety: 0.005, extent: { mean: 18.1439, deviation: 6.383 }, impulses: 0.98 },
  { anxiety: 0.003, extent: { mean: 23.1548, deviation: 7.7553 }, impulses: 0.68 },
];

describe.each(published)("paths of anxiety $anxiety", ({ anxiety, extent, impulses }) => {
  const draws = 600;
  const paths = Array.from({ length: draws }, (_, index) =>
    simulateTrajectory(openStream({ seed: 3, purpose: "blur", index }), {
      anxiety,
      length: 60,
      steps: 2000,
    }),
  );
  /** Three standard errors of the difference of two means. */
  const allowed = (deviation: number) => 3 * deviation * Math.sqrt(1 / 150 + 1 / draws);

  test("are as wide as the published simulator's, and vary as much", () => {
    const found = moments(paths.map(({ x, y }) => Math.max(range(x), range(y))));
    expect(Math.abs(found.mean - extent.mean)).toBeLessThan(allowed(extent.deviation));
    expect(Math.abs(found.deviation - extent.deviation)).toBeLessThan(
      allowed(extent.deviation / Math.SQRT2),
    );
  });

  test("have as many jerks", () => {
    const found = moments(paths.map((path) => path.impulses));
    expect(Math.abs(found.mean - impulses)).toBeLessThan(allowed(found.deviation));
  });

  test("prefer no direction", () => {
    for (const axis of ["x", "y"] as const) {
      const found = moments(paths.map((path) => path[axis].at(-1) as number));
      expect(Math.abs(found.mean)).toBeLessThan((4 * found.deviation) / Math.sqrt(draws));
    }
  });

  test("begin at the origin and have equal steps that add up to the length", () => {
    for (const { x, y } of paths.slice(0, 20)) {
      expect([x[0], y[0], x.length, y.length]).toEqual([0, 0, 2000, 2000]);
      let [length, longest] = [0, 0];
      for (let t = 1; t < x.length; t++) {
        const far = Math.hypot(
          (x[t] as number) - (x[t - 1] as number),
          (y[t] as number) - (y[t - 1] as number),
        );
        length += far;
        longest = Math.max(longest, far);
      }
      expect(length).toBeCloseTo(60, 8);
      expect(longest).toBeCloseTo(60 / 1999, 8);
    }
  });
});
