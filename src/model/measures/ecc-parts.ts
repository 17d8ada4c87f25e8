/**
 * Smooths images and solves linear systems for ECC, the alignment by the enhanced correlation coefficient (Evangelidis
 * & Psarakis 2008).
 */
import type { GreyPlane } from "./plane.ts";

/** Weights of 5 taps along each axis, as OpenCV has them for this size. */
const taps = [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16] as const;

/** The image smoothed with 5×5 taps, mirrored about its last pixel beyond the edge. */
export function smoothed({ width, height, values }: GreyPlane): Float32Array<ArrayBuffer> {
  const along = new Float32Array(values.length);
  const out = new Float32Array(values.length);
  const pass = (
    from: Float32Array,
    to: Float32Array,
    side: number,
    stride: number,
    of: (at: number) => number,
  ) => {
    for (let at = 0; at < from.length; at++) {
      const place = of(at);
      let sum = 0;
      for (const [tap, weight] of taps.entries()) {
        sum += weight * (from[at + stride * (mirrored(place + tap - 2, side) - place)] as number);
      }
      to[at] = sum;
    }
  };
  pass(values, along, width, 1, (at) => at % width);
  pass(along, out, height, width, (at) => Math.floor(at / width));
  return out;
}

function mirrored(place: number, side: number): number {
  if (side === 1) return 0;
  const once = place < 0 ? -place : place >= side ? 2 * side - 2 - place : place;
  return Math.min(side - 1, Math.max(0, once));
}

/**
 * The solution x of A·x = b by Gaussian elimination with row pivots. A is [n, n]; A and b stay unchanged. NaN for a
 * singular A.
 */
export function solve(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  const rows = Array.from({ length: n }, (_, i) => [
    ...a.subarray(i * n, (i + 1) * n),
    b[i] as number,
  ]);
  for (let column = 0; column < n; column++) {
    const best = rows.reduce(
      (most, row, i) =>
        i > column && Math.abs(row[column] as number) > Math.abs(rows[most]?.[column] as number)
          ? i
          : most,
      column,
    );
    [rows[column], rows[best]] = [rows[best] as number[], rows[column] as number[]];
    const pivot = rows[column] as number[];
    for (const row of rows.slice(column + 1)) {
      const factor = (row[column] as number) / (pivot[column] as number);
      for (let j = column; j <= n; j++) row[j] = (row[j] as number) - factor * (pivot[j] as number);
    }
  }
  const x = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    const row = rows[i] as number[];
    let rest = row[n] as number;
    for (let j = i + 1; j < n; j++) rest -= (row[j] as number) * (x[j] as number);
    x[i] = rest / (row[i] as number);
  }
  return x;
}
