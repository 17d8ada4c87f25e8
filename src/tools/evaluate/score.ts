/** What was measured of one picture. */
import { meanInterval } from "../../model/measures/bootstrap.ts";
import type { Likeness } from "./compare-images.ts";

export interface Score {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** For restoring it; measuring not counted. */
  readonly seconds: number;
  /** Of the blurry, the restored and, if asked for, the baseline's picture to the truth; none: no truth. */
  readonly likeness: BeforeAfter<Likeness> | undefined;
  /** Of the blurry picture to the truth (without truth: to the restored one) ⊗ its kernels; none: no kernels. */
  readonly reblur: Likeness | undefined;
  /** Variance of the Laplacian; only without truth. */
  readonly sharpness: BeforeAfter<number> | undefined;
}

export interface BeforeAfter<T> {
  readonly before: T;
  readonly after: T;
  readonly baseline: T | undefined;
}

/** dB won; 0 where both are ∞. Undefined without truth. */
export function gainOf({ likeness }: Score): number | undefined {
  if (likeness === undefined) return undefined;
  const { before, after } = likeness;
  return before.psnr === after.psnr ? 0 : after.psnr - before.psnr;
}

export interface Summary {
  /** Pictures measured. */
  readonly pictures: number;
  readonly failed: number;
  /** None: no truth, or nothing measured. */
  readonly gain: Gain | undefined;
  readonly seconds: number;
}

/** Of PSNR, dB. */
interface Gain {
  readonly mean: number;
  /** The bootstrap's 95 % interval of the mean. */
  readonly low: number;
  readonly high: number;
  readonly better: number;
  readonly worse: number;
  /** The picture that gained least. */
  readonly worst: { readonly name: string; readonly gain: number };
}

export function summarise(scores: readonly Score[], failed: number): Summary {
  const gains = scores.flatMap((score) => {
    const gain = gainOf(score);
    return gain === undefined ? [] : [{ name: score.name, gain }];
  });
  const [first] = gains.toSorted((a, b) => a.gain - b.gain);
  const values = gains.map(({ gain }) => gain);
  return {
    pictures: scores.length,
    failed,
    gain: first && {
      ...meanInterval(values),
      better: values.filter((value) => value > 0).length,
      worse: values.filter((value) => value < 0).length,
      worst: first,
    },
    seconds: scores.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}
