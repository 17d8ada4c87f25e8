/**
 * Draws motion kernels over the image they were estimated from, each around its point and enlarged, so that its shape
 * is visible.
 */
import type { PointGrid } from "../../image/point-grid.ts";
import type { Figure } from "../../io/sinks/figure.ts";
import type { SampledField } from "../../operators/samples/gather-samples.ts";

/** Maps pixels of the image to pixels of the figure: figure = (image − origin) · scale. */
export interface Placement {
  readonly originX: number;
  readonly originY: number;
  readonly scale: number;
}

/** A colour that is visible on sky and on shadow, once the image is grey and dimmed. */
const stroke = [255, 214, 10] as const;
/** The share of the image's brightness that is kept. */
const dimmed = 0.6;
/** The share of the distance between points that a kernel fills. */
const filled = 0.92;
/** Below 1, so that the faint part of a path is visible beside its brightest spot. */
const gamma = 0.7;

/** Returns the enlargement of a rendered kernel of `k`² taps, relative to its size in the image. */
export function enlargementOf({ spacing }: PointGrid, k: number): number {
  return (spacing * filled) / k;
}

/**
 * Dims `figure` and draws the kernels into it. Each kernel is divided by its greatest value; negative values are left
 * out. Rows run down and columns right, as in the field. Points without a sample stay empty.
 */
export function drawKernels(figure: Figure, field: SampledField, at: Placement): void {
  dim(figure);
  const { points, channels, values } = field;
  const side = points.spacing * at.scale * filled;
  for (let row = 0; row < points.rows; row++) {
    for (let column = 0; column < points.columns; column++) {
      const start = (row * points.columns + column) * channels;
      const kernel = values.subarray(start, start + channels);
      const x = (points.x(column) + 0.5 - at.originX) * at.scale;
      const y = (points.y(row) + 0.5 - at.originY) * at.scale;
      drawKernel(figure, kernel, { left: x - side / 2, top: y - side / 2, side });
    }
  }
}

function dim({ rgb }: Figure): void {
  for (let i = 0; i < rgb.length; i += 3) {
    const [red, green, blue] = [rgb[i], rgb[i + 1], rgb[i + 2]] as [number, number, number];
    rgb.fill(dimmed * (0.299 * red + 0.587 * green + 0.114 * blue), i, i + 3);
  }
}

interface Square {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

function drawKernel({ width, height, rgb }: Figure, kernel: Float32Array, square: Square): void {
  const greatest = kernel.reduce((a, b) => Math.max(a, b), 0);
  // Also false for NaN, a point without a sample.
  if (!(greatest > 0)) return;
  const { left, top, side } = square;
  const k = Math.sqrt(kernel.length);
  const [right, bottom] = [Math.min(width, left + side), Math.min(height, top + side)];
  for (let y = Math.max(0, Math.ceil(top - 0.5)); y + 0.5 < bottom; y++) {
    for (let x = Math.max(0, Math.ceil(left - 0.5)); x + 0.5 < right; x++) {
      const column = ((x + 0.5 - left) * k) / side - 0.5;
      const row = ((y + 0.5 - top) * k) / side - 0.5;
      const opacity = (between(kernel, k, column, row) / greatest) ** gamma;
      const start = 3 * (y * width + x);
      for (const [i, value] of stroke.entries()) {
        const under = rgb[start + i] as number;
        rgb[start + i] = Math.round(under + (value - under) * opacity);
      }
    }
  }
}

/** Interpolates a kernel between its taps, linearly in both directions; 0 beyond its edge and for negative taps. */
function between(kernel: Float32Array, k: number, column: number, row: number): number {
  const [x, y] = [Math.floor(column), Math.floor(row)];
  const [right, down] = [column - x, row - y];
  const tap = (i: number, j: number): number =>
    i < 0 || j < 0 || i >= k || j >= k ? 0 : Math.max(0, kernel[j * k + i] as number);
  const above = tap(x, y) * (1 - right) + tap(x + 1, y) * right;
  const below = tap(x, y + 1) * (1 - right) + tap(x + 1, y + 1) * right;
  return above * (1 - down) + below * down;
}
