/** Numbers on a grid in, a picture of them out: each a colour, and beside them a bar that says which. */

import type { Figure } from "../../io/sinks/figure.ts";
import type { SampledField } from "../../operators/samples/gather-samples.ts";
import { digitHeight, digitWidth, writeNumber } from "./digits.ts";
import { viridis } from "./viridis.ts";

/** Where nothing was seen: a grey, which viridis has none of. */
const unseen = [150, 150, 150] as const;

/** Numbers beside the bar, and letters of the longest. */
const ticks = 5;
const textLength = 6;

/** A lowest and a highest number. */
export type Range = readonly [low: number, high: number];

/**
 * What a scale spans: all of some values but the lowest and the highest hundredth, which a few cells at the
 * picture's edge would otherwise stretch it to. Values that are NaN do not count.
 */
export function scaleOf(values: Float32Array): Range {
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

/** The map on white, with the scale's colours and numbers to its right. */
export function withScale(map: Figure, [low, high]: Range): Figure {
  const size = Math.max(1, Math.round(Math.max(map.width, map.height) / 640));
  const text = textLength * digitWidth * size;
  const [gap, bar] = [8 * size, 12 * size];
  const width = map.width + gap + bar + gap + text;
  const height = Math.max(map.height, ticks * 2 * digitHeight * size);
  const rgb = new Uint8Array(3 * width * height).fill(255);
  const left = map.width + gap;
  for (let y = 0; y < height; y++) {
    if (y < map.height) {
      rgb.set(map.rgb.subarray(3 * y * map.width, 3 * (y + 1) * map.width), 3 * y * width);
    }
    const colour = viridis(1 - y / Math.max(1, height - 1));
    for (let x = left; x < left + bar; x++) rgb.set(colour, 3 * (y * width + x));
  }
  const figure = { width, height, rgb };
  for (let tick = 0; tick < ticks; tick++) {
    const part = tick / (ticks - 1);
    const y = Math.round(part * (height - digitHeight * size));
    writeNumber(figure, inFigures(high + part * (low - high)), { x: left + bar + gap, y, size });
  }
  return figure;
}

/** Three digits as far as they fit: 0.123, 0.0123, 1.2e-5. */
export function inFigures(value: number): string {
  if (value >= 0.1 || value === 0) return value.toFixed(3);
  return value >= 0.001 ? value.toFixed(4) : value.toExponential(1);
}
