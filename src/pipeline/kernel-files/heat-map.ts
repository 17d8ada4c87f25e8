/** Draws numbers on a grid as colours. */

import type { Figure } from "../../io/sinks/figure.ts";
import type { SampledField } from "../../operators/samples/gather-samples.ts";
import { viridis } from "./viridis.ts";

/** The colour of points without a sample: a grey, which viridis lacks. */
const unseen = [150, 150, 150] as const;

/** The lowest and the highest number of a scale. */
export type Range = readonly [low: number, high: number];

/**
 * Returns the range of `values` without their lowest and highest hundredth, because a few cells at the image's edge
 * would stretch the scale. NaN values are left out.
 */
export function colourRange(values: Float32Array): Range {
  // NaN is sorted to the end.
  const sorted = values.slice().sort();
  const seen = sorted.subarray(0, sorted.findLastIndex((value) => !Number.isNaN(value)) + 1);
  const at = (part: number): number => seen[Math.round(part * (seen.length - 1))] ?? 0;
  return [at(0.01), at(0.99)];
}

/** Returns a pixel for each point of a field with one channel, from dark blue at the low end to yellow at the high. */
export function mapColours({ points, values }: SampledField, [low, high]: Range): Figure {
  const rgb = new Uint8Array(3 * values.length);
  const span = high - low || 1;
  for (const [i, value] of values.entries()) {
    rgb.set(Number.isNaN(value) ? unseen : viridis((value - low) / span), 3 * i);
  }
  return { width: points.columns, height: points.rows, rgb };
}

/** Three digits as far as they fit: 0.123, 0.0123, 1.2e-5. */
export function inFigures(value: number): string {
  if (value >= 0.1 || value === 0) return value.toFixed(3);
  return value >= 0.001 ? value.toFixed(4) : value.toExponential(1);
}
