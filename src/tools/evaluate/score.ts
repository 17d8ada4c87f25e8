/** Defines the score of one image (likeness, re-blur, sharpness, time), and summarises the scores of a set. */
import { meanInterval } from "../../model/measures/bootstrap.ts";
import type { Likeness } from "./compare-images.ts";

export interface Score {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Time of restoring, without measuring. */
  readonly seconds: number;
  /** Of the blurry, the restored and any baseline image to the sharp one; undefined: no ground truth. */
  readonly likeness: BeforeAfter<Likeness> | undefined;
  /** Of the blurry image to the sharp one (else the restored one) ⊗ its kernels; undefined: no kernels. */
  readonly reblur: Likeness | undefined;
  /** Variance of the Laplacian; undefined: there is ground truth. */
  readonly sharpness: BeforeAfter<number> | undefined;
}

export interface BeforeAfter<T> {
  readonly before: T;
  readonly after: T;
  readonly baseline: T | undefined;
}

/** PSNR after less PSNR before, dB; 0 where both are ∞; undefined: no ground truth. */
export function gainOf({ likeness }: Score): number | undefined {
  if (likeness === undefined) return undefined;
  const { before, after } = likeness;
  return before.psnr === after.psnr ? 0 : after.psnr - before.psnr;
}

export interface Summary {
  /** Images measured. */
  readonly pictures: number;
  readonly failed: number;
  /** undefined: no ground truth, or nothing measured. */
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
  /** The image that gained least. */
  readonly worst: { readonly name: string; readonly gain: number };
}

/** Sums up a set: the mean gain and its interval. */
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
