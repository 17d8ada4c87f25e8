/** Opens named streams of random numbers; the same name gives the same numbers on any machine. */
import { boxMuller, philox } from "./random.ts";

/** Purposes of random numbers; streams of different purposes are independent. */
const purposes = [
  "order",
  "crop",
  "blur",
  "noise",
  "kernel",
  "dequantisation",
  "uncertainty",
] as const;

/** The name of a stream of random numbers; different names give independent streams. */
export interface StreamName {
  /** A safe integer from 0 up. */
  readonly seed: number;
  readonly purpose: (typeof purposes)[number];
  /** Index among streams of the same purpose: from 0 to 2³² − 1. */
  readonly index: number;
}

/** Random numbers determined by seed, purpose and index. */
export interface RandomStream {
  /** In [0, 1), in steps of 2⁻³². */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** An integer from 0 to n − 1. */
  below(n: number): number;
  /** An element of a nonempty list. */
  pick<T>(list: readonly T[]): T;
}

/** Opens a stream at its beginning. */
export function openStream({ seed, purpose, index }: StreamName): RandomStream {
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)] as const;
  const place = purposes.indexOf(purpose);
  let block = 0;
  let words: readonly number[] = [];
  let next = 4;
  let spare: number | undefined;

  const word = (): number => {
    if (next === 4) {
      words = philox([block++, index, place, 1], key);
      next = 0;
    }
    return words[next++] as number;
  };
  const uniform = (): number => word() / 2 ** 32;
  const below = (n: number): number => Math.floor(uniform() * n);
  return {
    uniform,
    below,
    pick: (list) => list[below(list.length)] as (typeof list)[number],
    normal() {
      if (spare !== undefined) {
        const second = spare;
        spare = undefined;
        return second;
      }
      const [first, second] = boxMuller(word(), word());
      spare = second;
      return first;
    },
  };
}
