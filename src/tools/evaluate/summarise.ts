/** The scores of a set in, what a reader takes away out: the mean gain and how far it can be trusted. */
import { meanInterval } from "../../model/measures/bootstrap.ts";
import { gainOf, type Score } from "./score.ts";

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
