import { expect, test } from "vitest";
import { meanInterval } from "../../../src/model/measures/bootstrap.ts";

test("the interval of normal values is mean ± 1.96 s/√n, as in theory", () => {
  // Quantiles of the standard normal at (i + ½)/40, from scipy.stats.norm.ppf.
  const half = [
    0.031338, 0.094144, 0.157311, 0.221189, 0.285841, 0.351784, 0.419206, 0.488776, 0.560703,
    0.635657, 0.713744, 0.796375, 0.884, 0.978, 1.08032, 1.194, 1.325516, 1.479505, 1.67594,
    2.241403,
  ];
  const values = half.flatMap((it) => [10 + it, 10 - it]);
  const { mean, low, high } = meanInterval(values);
  const spread = Math.sqrt(values.reduce((sum, it) => sum + (it - 10) ** 2, 0) / values.length);
  const expected = (1.96 * spread) / Math.sqrt(values.length);
  expect(mean).toBeCloseTo(10, 12);
  expect(Math.abs(high - 10 - expected)).toBeLessThan(0.1 * expected);
  expect(Math.abs(10 - low - expected)).toBeLessThan(0.1 * expected);
});

test("the same values give the same interval, equal values an empty one", () => {
  expect(meanInterval([1, 5, 2, 8])).toEqual(meanInterval([1, 5, 2, 8]));
  expect(meanInterval([3, 3, 3])).toEqual({ mean: 3, low: 3, high: 3 });
  expect(() => meanInterval([])).toThrow("at least one value");
});
