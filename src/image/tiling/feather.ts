/**
 * Computes how much of a pixel each tile contributes: the partition of unity that hides the seams. Across a seam one
 * tile fades in along a raised cosine while its neighbour fades out by the rest to 1. The weights of an axis
 * therefore sum to 1 and no map of counts is needed. A tile's weight in the plane is the product of its two axis
 * weights.
 */
import { type Axis, boundary, type Span } from "./axis.ts";

/** The weight, float32 in 0..1, of tile `index` of an axis at pixel `position`, taken at the pixel's centre. */
export function weightAt(axis: Axis, index: number, position: number): number {
  const rising = index > 0 ? ramp(axis, index, position) : 1;
  const falling = index + 1 < axis.count ? 1 - ramp(axis, index + 1, position) : 1;
  // Seams never meet, so one of the two is 1.
  return Math.fround(rising * falling);
}

/** The weights of tile `index` at every pixel of a span. */
export function weightsOf(axis: Axis, index: number, { start, end }: Span): Float32Array {
  return Float32Array.from({ length: end - start }, (_, i) => weightAt(axis, index, start + i));
}

/** From 0 before the seam at the start of tile `index` to 1 behind it, rounded to float32. */
function ramp(axis: Axis, index: number, position: number): number {
  const along = position + 0.5 - (boundary(axis, index) - axis.feather);
  if (along <= 0) return 0;
  if (along >= 2 * axis.feather) return 1;
  return Math.fround((1 - Math.cos((Math.PI * along) / (2 * axis.feather))) / 2);
}
