/** Estimates the uncertainty of a mean over few images by resampling them. */
import { philox } from "../random.ts";

const resamples = 2000;

/**
 * The percentile bootstrap's 95 % interval of the mean (Efron 1979), from 2,000 resamples. The same values give the
 * same interval. For one value the interval is that value.
 * @throws RangeError for no values
 */
export function meanInterval(values: readonly number[]): {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
} {
  if (values.length === 0) throw new RangeError("expected at least one value but received none");
  const mean = (of: readonly number[]): number => of.reduce((sum, it) => sum + it, 0) / of.length;
  const means = Array.from({ length: resamples }, (_, round) =>
    mean(values.map((_, place) => values[randomIndex(round, place, values.length)] as number)),
  ).sort((a, b) => a - b);
  const at = (share: number): number => means[Math.round(share * (resamples - 1))] as number;
  return { mean: mean(values), low: at(0.025), high: at(0.975) };
}

/** A random number of 0 … count − 1, determined by round and place. */
function randomIndex(round: number, place: number, count: number): number {
  const [word] = philox([round, place, 0, 0], [0x626f6f74, 0]);
  return Math.floor((word / 2 ** 32) * count);
}
