/**
 * Resamples chroma along one axis: up to the grid of luma by linear interpolation, down to its own coarse grid by the
 * mean over the luma samples of a chroma sample.
 */

/** The first input of an output sample and the weights of its inputs, which sum to 1. */
export interface Tap {
  readonly from: number;
  readonly weights: readonly number[];
}

/** One axis of a chroma grid. */
export interface ChromaAxis {
  /** Luma samples along the axis. */
  readonly length: number;
  /** Luma samples for each chroma sample. */
  readonly factor: number;
  /** Position of the first chroma sample, in luma samples. */
  readonly first: number;
}

/** Returns the one or two chroma samples around each luma sample of [start, end); the nearest at the borders. */
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
 * Returns the luma samples under a box around each chroma sample, as wide as the luma samples it covers. It is the mean
 * of two for a position between them, and ¼ ½ ¼ for a position on one. Samples beyond the border are left out.
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
