/** Plans training pairs from a seed: an endless list of which image, which crop, in which order. */
import { openStream } from "../../model/random-stream.ts";

/** The plan of one training pair. */
export interface PairPlan {
  /** From 0 up. */
  readonly index: number;
  readonly visit: Visit;
  /** The crop within its visit: from 0 up, each once, in order. */
  readonly crop: number;
}

/** One opening of an image for several pairs, because decoding costs more than cropping. */
export interface Visit {
  /** From 0 up, in order of opening. */
  readonly number: number;
  /** A sharp image that will be blurred, or a real pair of images. */
  readonly kind: "sharp" | "pair";
  /** Index of the image within its kind. */
  readonly image: number;
}

/** The parameters that determine a list of training pairs. */
export interface PairPlanning {
  /** A safe integer from 0 up. */
  readonly seed: number;
  /** Number of sharp images. */
  readonly sharp: number;
  /** Number of real pairs of images. */
  readonly pairs: number;
  /** Share of visits to real pairs, 0..1, where both kinds exist. */
  readonly pairShare: number;
  /** Pairs cut from an image while it is open. */
  readonly crops: number;
  /** Images open at a time: this many pairs in a row come from different visits. */
  readonly open: number;
}

/**
 * The endless list of pairs. Each epoch visits every image once, in its own random order. Visits begin one after
 * another and take turns. The same parameters give the same list.
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
    // Spread evenly among the sharp images, so that every batch has its share.
    const real = Math.floor((number + 1) * share) > Math.floor(number * share);
    const kind = real ? "pair" : "sharp";
    return { number, kind, image: orders[kind].next().value };
  };
  const places = Array.from({ length: open }, (_, place) => ({
    visit: undefined as Visit | undefined,
    // Visits start at different crops, so that they do not all end at the same time.
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

/** The numbers from 0 to n − 1 in random order, endlessly, each epoch in another order. */
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
