/**
 * Records the kernels and σ of an image for a report: samples a bounded number of points while tiles pass, then turns
 * them upright and packs them into text.
 */

import { type PointGrid, planPoints } from "../../image/point-grid.ts";
import { uprightRect, uprightSamples, uprightSize } from "../../image/upright.ts";
import { type KernelShape, kernelShape } from "../../model/blur/kernel-shape.ts";
import type { KernelField } from "../../model/engine.ts";
import { gatherSamples, type SampledField } from "../../operators/samples/gather-samples.ts";
import type { Sampling } from "../../operators/samples/sample-field.ts";
import type { Samplings } from "../../pipeline/deblur-image-options.ts";
import { colourRange } from "../../pipeline/kernel-files/heat-map.ts";
import type { Rect } from "../../rect.ts";
import { packed } from "../html/page.ts";

interface Seen {
  readonly width: number;
  readonly height: number;
  readonly orientation: number | undefined;
  readonly field: KernelField;
}

export interface FieldRecorder {
  readonly sample: Samplings;
  /** Means over a rectangle of the stored image; NaN where nothing was sampled. */
  meansIn(rect: Rect): { readonly sigma: number; readonly length: number };
  /** The field of the upright image, for the page. */
  data(): FieldData;
}

/** Data of a field in a page. Points are pixels of the upright image. */
export interface FieldData {
  /** Side of a kernel. */
  readonly size: number;
  readonly kernels: GridData & {
    /** Bytes [rows, columns, size²]: 255 is a kernel's greatest tap; all 0 where nothing was sampled. */
    readonly taps: string;
    /** Per point; null: nothing was sampled, or a kernel has no direction. */
    readonly length: readonly (number | null)[];
    readonly direction: readonly (number | null)[];
    readonly sigma: readonly (number | null)[];
  };
  readonly sigma: GridData & {
    /** The values of bytes 1 and 255; byte 0: nothing was sampled. */
    readonly low: number;
    readonly high: number;
    /** Bytes [rows, columns]. */
    readonly values: string;
  };
  /** How kernels of sum 1 differ: mean of half the sum of |K − mean K|; 0: all equal, 1: nothing in common. */
  readonly spread: number;
}

interface GridData {
  readonly columns: number;
  readonly rows: number;
  /** The first point, and pixels from one to the next. */
  readonly x: number;
  readonly y: number;
  readonly spacing: number;
}

/** Kernels along the longest side, at most, and pixels between them, at least. */
const [kernelsAcross, leastSpacing] = [64, 16];
/** Values of σ along the longest side, at most. */
const sigmaAcross = 512;

/** Starts without samples; holds at most 64² kernels and 512² values. */
export function recordFields({ width, height, orientation, field }: Seen): FieldRecorder {
  const size = { width, height };
  const longest = Math.max(width, height);
  const apart = (across: number, least: number) => Math.max(least, Math.ceil(longest / across));
  const spacing = Math.max(field.stride, apart(kernelsAcross, leastSpacing));
  const places = planPoints({ ...size, spacing });
  const cells = planPoints({ ...size, spacing: apart(sigmaAcross, field.stride) });
  const kernels = gatherSamples(places, field.size ** 2);
  const sigmaThere = gatherSamples(places, 1);
  const sigma = gatherSamples(cells, 1);
  const shapes = (): KernelShape[] => eachOf(kernels).map(kernelShape);
  return {
    sample: { sigma: [heard(sigma), heard(sigmaThere)], kernels: [heard(kernels)] },
    meansIn(rect) {
      const lengths = valuesIn(kernels, rect).map((kernel) => kernelShape(kernel).length);
      return {
        sigma: meanOf(valuesIn(sigma, rect).map(([value = Number.NaN]) => value)),
        length: meanOf(lengths),
      };
    },
    data() {
      const seen = shapes();
      const upright = (values: readonly number[]) =>
        numbers(uprightSamples(Float64Array.from(values), gridSize(places), orientation));
      const [low, high] = colourRange(sigma.values);
      const turned = directionTurn(orientation);
      return {
        size: field.size,
        kernels: {
          ...gridData(places, orientation),
          taps: packed(uprightTaps(kernels, orientation)),
          length: upright(seen.map(({ length }) => length)),
          direction: upright(seen.map(({ direction }) => turned(direction))),
          sigma: upright([...sigmaThere.values]),
        },
        sigma: {
          ...gridData(cells, orientation),
          ...{ low, high },
          values: packed(uprightSamples(levelsOf(sigma, low, high), gridSize(cells), orientation)),
        },
        spread: spreadOf(kernels),
      };
    },
  };
}

function heard({ points, add }: SampledField): Sampling {
  return { points, onSample: add };
}

function gridSize({ columns, rows }: PointGrid) {
  return { width: columns, height: rows };
}

function gridData(points: PointGrid, orientation: number | undefined): GridData {
  const { width, height, spacing } = points;
  const last = { x: points.x(points.columns - 1), y: points.y(points.rows - 1) };
  const corner = { x: points.x(0), y: points.y(0) };
  const all = { ...corner, width: last.x - corner.x + 1, height: last.y - corner.y + 1 };
  const { x, y } = uprightRect(all, { width, height }, orientation);
  const { width: columns, height: rows } = uprightSize(gridSize(points), orientation);
  return { columns, rows, x, y, spacing };
}

function eachOf({ values, channels, points }: SampledField): Float32Array[] {
  return Array.from({ length: points.columns * points.rows }, (_, i) =>
    values.subarray(i * channels, (i + 1) * channels),
  );
}

function valuesIn(field: SampledField, rect: Rect): Float32Array[] {
  const { points, values, channels } = field;
  const { x, y, width, height } = points.within(rect);
  return Array.from({ length: width * height }, (_, i) => {
    const at = (y + Math.floor(i / width)) * points.columns + x + (i % width);
    return values.subarray(at * channels, (at + 1) * channels);
  });
}

/** The mean of the values that are not NaN. */
function meanOf(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** The kernels of the upright image: each turned, at its turned place. */
function uprightTaps(kernels: SampledField, orientation: number | undefined): Uint8Array {
  const side = Math.sqrt(kernels.channels);
  const taps = new Uint8Array(kernels.values.length);
  for (const [i, kernel] of eachOf(kernels).entries()) {
    const greatest = kernel.reduce((a, b) => Math.max(a, b), 0);
    if (!(greatest > 0)) continue;
    const bytes = Uint8Array.from(kernel, (tap) => Math.max(0, Math.round((255 * tap) / greatest)));
    const turned = uprightSamples(bytes, { width: side, height: side }, orientation);
    taps.set(turned, i * kernels.channels);
  }
  return uprightSamples(taps, gridSize(kernels.points), orientation);
}

/** Turns a stored direction as the image is: by a quarter where axes swap, mirrored where an axis is. */
function directionTurn(orientation = 1): (direction: number) => number {
  const [unit] = [
    uprightRect({ x: 0, y: 0, width: 2, height: 1 }, { width: 2, height: 1 }, orientation),
  ];
  const swaps = unit.width === 1;
  // An odd number of mirrorings, a transposition counted as one, reverses the sense of rotation.
  const odd = [2, 4, 5, 7].includes(orientation);
  return (direction) => {
    const mirrored = odd ? -direction : direction;
    return (mirrored + (swaps ? 90 : 0) + 360) % 180;
  };
}

function levelsOf({ values }: SampledField, low: number, high: number): Uint8Array<ArrayBuffer> {
  const span = high - low || 1;
  return Uint8Array.from(values, (value) =>
    Number.isNaN(value) ? 0 : 1 + Math.round(254 * Math.min(1, Math.max(0, (value - low) / span))),
  );
}

function spreadOf(kernels: SampledField): number {
  const seen = eachOf(kernels).flatMap((kernel) => {
    const mass = kernel.reduce((sum, tap) => sum + Math.max(0, tap), 0);
    return mass > 0 ? [kernel.map((tap) => Math.max(0, tap) / mass)] : [];
  });
  const mean = new Float64Array(kernels.channels);
  for (const kernel of seen) {
    for (const [tap, value] of kernel.entries()) (mean[tap] as number) += value / seen.length;
  }
  const unlike = seen.map(
    (kernel) =>
      kernel.reduce((sum, value, tap) => sum + Math.abs(value - (mean[tap] as number)), 0) / 2,
  );
  return meanOf(unlike);
}

/** Rounds to four significant digits; NaN becomes null, as JSON has no NaN. */
function numbers(values: Float64Array): (number | null)[] {
  return Array.from(values, (value) => (Number.isNaN(value) ? null : Number(value.toPrecision(4))));
}
