/**
 * Enlarges planes by a Lanczos filter with three lobes. As in Pillow, centres of pixels lie at halves and weights sum
 * to 1. At the borders taps outside are left out. Rows come first, then columns; both are rounded to float32.
 */
import type { Planes } from "../tiling/pieces.ts";

const lobes = 3;

/** [3, height · scale, width · scale] planar. Planes of zeros stay zeros. */
export function enlargePlanes({ residual, width, height }: Planes, scale: number): Planes {
  const [across, down] = [width * scale, height * scale];
  const rows = enlargeRows(residual, width, scale);
  const { count, first, weights } = tapsOf(height, scale);
  const enlarged = new Float32Array(3 * across * down);
  const sums = new Float64Array(across);
  for (let row = 0; row < 3 * down; row++) {
    const [plane, y] = [Math.floor(row / down), row % down];
    sums.fill(0);
    for (let tap = 0; tap < count; tap++) {
      const weight = weights[y * count + tap] as number;
      const from = (plane * height + (first[y] as number) + tap) * across;
      for (let x = 0; x < across; x++) {
        sums[x] = (sums[x] as number) + weight * (rows[from + x] as number);
      }
    }
    enlarged.set(sums, row * across);
  }
  return { residual: enlarged, width: across, height: down };
}

/** Each row of `values`, `width` long, enlarged. */
function enlargeRows(values: Float32Array, width: number, scale: number): Float32Array {
  const { count, first, weights } = tapsOf(width, scale);
  const enlarged = new Float32Array(values.length * scale);
  for (let row = 0, to = 0; to < enlarged.length; row += width) {
    for (let x = 0; x < first.length; x++) {
      const from = row + (first[x] as number);
      let sum = 0;
      for (let tap = 0; tap < count; tap++) {
        sum += (weights[x * count + tap] as number) * (values[from + tap] as number);
      }
      enlarged[to++] = sum;
    }
  }
  return enlarged;
}

/** For each enlarged pixel the first of `count` pixels it is made of, and their weights; those outside weigh 0. */
interface Taps {
  readonly count: number;
  readonly first: Int32Array;
  readonly weights: Float64Array;
}

function tapsOf(length: number, scale: number): Taps {
  const count = Math.min(length, 2 * lobes);
  const first = new Int32Array(length * scale);
  const weights = new Float64Array(length * scale * count);
  for (let pixel = 0; pixel < first.length; pixel++) {
    const centre = (pixel + 0.5) / scale;
    const start = Math.min(length - count, Math.max(0, Math.floor(centre - lobes + 0.5)));
    const taps = Array.from({ length: count }, (_, tap) => lanczos(start + tap + 0.5 - centre));
    const sum = taps.reduce((a, b) => a + b);
    first[pixel] = start;
    for (let tap = 0; tap < count; tap++)
      weights[pixel * count + tap] = (taps[tap] as number) / sum;
  }
  return { count, first, weights };
}

function lanczos(x: number): number {
  return Math.abs(x) < lobes ? sinc(x) * sinc(x / lobes) : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
