/** A seed and numbers of pictures go in, an endless list of what each training pair is cut from comes out. */
import { openStream } from "../../model/random-stream.ts";

/** A training pair as a few numbers. */
export interface PairPlan {
  /** From 0 up. */
  readonly index: number;
  readonly visit: Visit;
  /** Which of the visit's crops: from 0 up, each once, in order. */
  readonly crop: number;
}

/** One opening of a picture, for several pairs: decoding costs more than cutting. */
export interface Visit {
  /** From 0 up, in order of opening. */
  readonly number: number;
  /** A sharp picture, to be blurred, or a real pair of pictures. */
  readonly kind: "sharp" | "pair";
  /** Which of its kind. */
  readonly image: number;
}

/** What a list of training pairs follows from. */
export interface PairPlanning {
  /** A safe integer from 0 up. */
  readonly seed: number;
  /** How many sharp pictures there are. */
  readonly sharp: number;
  /** How many real pairs of pictures. */
  readonly pairs: number;
  /** The part of the visits that is to real pairs, 0..1, where there are both. */
  readonly pairShare: number;
  /** Pairs cut from a picture while it is open. */
  readonly crops: number;
  /** Pictures open at a time: this many pairs in a row are from different visits. */
  readonly open: number;
}

/**
 * What every pair is cut from, without end: epochs, each with every picture once, in an order of its own. Pictures
 * take turns, and are opened one after another, not all at once. The same numbers give the same list.
 */
export function* planPairs({
  seed,
  sharp,
  pairs,
  pairShare,
  crops,
  open,
}: PairPlanning): Generator<PairPlan, never> {
  const orders = { sharp: shuffles(seed, 0, sharp), pair: shuffles(seed, 1, pairs) };
  const share = sharp === 0 ? 1 : pairs === 0 ? 0 : pairShare;
  let visits = 0;
  const visit = (): Visit => {
    const number = visits++;
    // Evenly between the others, so that every batch has its part.
    const real = Math.floor((number + 1) * share) > Math.floor(number * share);
    const kind = real ? "pair" : "sharp";
    return { number, kind, image: orders[kind].next().value };
  };
  const places = Array.from({ length: open }, (_, place) => ({
    visit: undefined as Visit | undefined,
    // Begun in the middle, so that later they do not all end together.
    crop: place % crops,
  }));
  for (let index = 0; ; index++) {
    const place = places[index % open] as (typeof places)[number];
    if (place.visit === undefined || place.crop === crops) {
      place.crop = place.visit === undefined ? place.crop : 0;
      place.visit = visit();
    }
    yield { index, visit: place.visit, crop: place.crop++ };
  }
}

/** The numbers from 0 to n − 1 in random order, then in another, and so on. */
function* shuffles(seed: number, kind: number, n: number): Generator<number, never> {
  for (let epoch = 0; ; epoch++) {
    const random = openStream({ seed, purpose: "order", index: 2 * epoch + kind });
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const other = random.below(i + 1);
      [order[i], order[other]] = [order[other] as number, order[i] as number];
    }
    yield* order;
  }
}
