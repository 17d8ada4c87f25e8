/** A motion kernel in, how far it spreads a point out. */

/** Taps below this share of the largest are what a net leaves everywhere, not motion. */
const faint = 0.01;

/**
 * Root mean square distance of a kernel's taps from its centre, weighted by the taps, in pixels: 0 for a kernel that
 * is one at its centre and 0 elsewhere; L/√12 for even motion over L pixels. The sum of the kernel does not matter.
 * @param kernel [side, side] at `offset` of `kernels`
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
  // Also what is no number spreads endlessly: nothing about it says that there is no blur.
  return largest > 0 && sum > 0 ? Math.sqrt(moment / sum) : Number.POSITIVE_INFINITY;
}
