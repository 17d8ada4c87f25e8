/** Draws numbers on a grid as colours. */

import type { Figure } from "../../io/sinks/figure.ts";
import type { SampledField } from "../../operators/samples/gather-samples.ts";
import { viridis } from "./viridis.ts";

/** Where nothing was seen: a grey, which viridis has none of. */
const unseen = [150, 150, 150] as const;

/** A lowest and a highest number. */
export type Range = readonly [low: number, high: number];

/**
 * What a scale spans: all of some values but the lowest and the highest hundredth, which a few cells at the
 * picture's edge would otherwise stretch it to. Values that are NaN do not count.
 */
export function colourRange(values: Float32Array): Range {
  // NaN is sorted to the end.
  const sorted = values.slice().sort();
  const seen = sorted.subarray(0, sorted.findLastIndex((value) => !Number.isNaN(value)) + 1);
  const at = (part: number): number => seen[Math.round(part * (seen.length - 1))] ?? 0;
  return [at(0.01), at(0.99)];
}

/** A pixel for each point of a field of one channel: dark blue at the low end of the scale, yellow at the high one. */
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
