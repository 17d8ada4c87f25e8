/** Measures how far a motion kernel spreads a point. */

/** Taps below this share of the largest are the net's background, not motion. */
const faint = 0.01;

/**
 * Root mean square distance of a kernel's taps from its centre, weighted by the taps, in pixels: 0 for a single tap
 * at the centre, L/√12 for even motion over L pixels. The sum of the kernel does not matter.
 * @param kernels contains the kernel [side, side] at `offset`
 * @returns ∞ for a kernel without positive taps or with NaN
 */
export function blurRadius(kernels: Float32Array, offset: number, side: number): number {
  const middle = (side - 1) / 2;
  let largest = 0;
  for (let tap = 0; tap < side * side; tap++) {
    largest = Math.max(largest, kernels[offset + tap] as number);
  }
  let sum = 0;
  let moment = 0;
  for (let tap = 0; tap < side * side; tap++) {
    const value = kernels[offset + tap] as number;
    if (value < faint * largest) continue;
    sum += value;
    moment += value * (((tap % side) - middle) ** 2 + (Math.floor(tap / side) - middle) ** 2);
  }
  // An invalid kernel counts as infinitely blurred, so that its tile is never skipped as sharp.
  return largest > 0 && sum > 0 ? Math.sqrt(moment / sum) : Number.POSITIVE_INFINITY;
}
