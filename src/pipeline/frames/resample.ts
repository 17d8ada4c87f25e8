/**
 * Chroma between its own coarse grid and that of luma, along one axis: up by linear interpolation for the net to
 * see, down by the mean over what a chroma sample stands for.
 */

/** For each place, where its inputs begin and how much each counts; the weights sum to 1. */
export interface Tap {
  readonly from: number;
  readonly weights: readonly number[];
}

/** One axis of a chroma grid: luma samples, luma samples a chroma sample, place of the first one. */
export interface ChromaAxis {
  readonly length: number;
  readonly factor: number;
  readonly first: number;
}

/** For luma samples [start, end), the one or two chroma samples around each; at the borders the nearest. */
export function upTaps(
  { length, factor, first }: ChromaAxis,
  [start, end]: readonly [start: number, end: number],
): readonly Tap[] {
  const last = Math.ceil(length / factor) - 1;
  return Array.from({ length: end - start }, (_, index) => {
    const place = Math.min(last, Math.max(0, (start + index - first) / factor));
    const from = Math.floor(place);
    const part = place - from;
    return { from, weights: part === 0 ? [1] : [1 - part, part] };
  });
}

/**
 * For each chroma sample, the luma samples under a box as wide as what it stands for, centred where it lies: the
 * mean of two where it lies between them, ¼ ½ ¼ where it lies on one. What is beyond the border does not count.
 */
export function downTaps({ length, factor, first }: ChromaAxis): readonly Tap[] {
  return Array.from({ length: Math.ceil(length / factor) }, (_, index) => {
    const centre = index * factor + first;
    const [low, high] = [centre - factor / 2, centre + factor / 2];
    const from = Math.max(0, Math.floor(low + 0.5));
    const to = Math.min(length - 1, Math.ceil(high - 0.5));
    const weights: number[] = [];
    for (let at = from; at <= to; at++) {
      weights.push(Math.min(high, at + 0.5) - Math.max(low, at - 0.5));
    }
    const sum = weights.reduce((all, one) => all + one, 0);
    return { from, weights: weights.map((one) => one / sum) };
  });
}
