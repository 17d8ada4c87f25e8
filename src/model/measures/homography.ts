/**
 * Finds the homography between two grey images by maximising the enhanced correlation coefficient (Evangelidis and
 * Psarakis, TPAMI 2008). It matches findTransformECC of OpenCV 4.6, which the RealBlur protocol uses: input
 * smoothed with 1 4 6 4 1, central differences, linear samples at 1/32 pixel.
 */

import { smoothed, solve } from "./ecc-parts.ts";
import type { GreyPlane, Homography } from "./plane.ts";
import { quantised } from "./warp.ts";

/** Thrown if two images cannot be aligned. */
export class AlignmentError extends Error {}

const parameters = 8;

/**
 * Starts at the identity and makes `iterations` steps.
 * @throws AlignmentError if the images have too little in common
 */
export function findHomography(
  template: GreyPlane,
  input: GreyPlane,
  iterations: number,
): Homography {
  const { width, height } = template;
  const shape = smoothed(template);
  const image = smoothed(input);
  const gradients = differences({ ...input, values: image });
  const map = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  for (let i = 0; i < iterations; i++) {
    const sums = accumulate(map, { width, height, shape }, { ...input, image, ...gradients });
    const delta = stepOf(sums);
    for (const [at, place] of places.entries()) {
      map[place] = (map[place] as number) + (delta[at] as number);
    }
  }
  return map;
}

/** Indices of the parameters in the matrix. */
const places = [0, 3, 6, 1, 4, 7, 2, 5] as const;

interface Sums {
  /** Number of pixels inside the input. */
  count: number;
  template: number;
  templateSquares: number;
  input: number;
  inputSquares: number;
  both: number;
  /** J·Jᵀ, [8, 8], and J times the input, times the template inside the mask, and times the mask. */
  readonly hessian: Float64Array;
  readonly onInput: Float64Array;
  readonly onTemplate: Float64Array;
  readonly onMask: Float64Array;
}

/** Visits the template's pixels; an iteration needs only linear combinations of these sums. */
function accumulate(
  map: Homography,
  { width, height, shape }: { width: number; height: number; shape: Float32Array },
  input: Gradients & {
    readonly width: number;
    readonly height: number;
    readonly image: Float32Array;
  },
): Sums {
  const [a, b, c, d, e, f, g, h] = map as unknown as readonly number[] as Eight;
  const line = () => new Float64Array(parameters);
  const sums: Sums = {
    ...{ count: 0, template: 0, templateSquares: 0, input: 0, inputSquares: 0, both: 0 },
    ...{
      hessian: new Float64Array(parameters ** 2),
      onInput: line(),
      onTemplate: line(),
      onMask: line(),
    },
  };
  const { hessian, onInput, onTemplate, onMask } = sums;
  const gradient = line();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const weight = 1 / (g * x + h * y + 1);
      const atX = (a * x + b * y + c) * weight;
      const atY = (d * x + e * y + f) * weight;
      const fineX = quantised(atX);
      const fineY = quantised(atY);
      const left = Math.floor(fineX);
      const top = Math.floor(fineY);
      const right = fineX - left;
      const down = fineY - top;
      let value = 0;
      let byX = 0;
      let byY = 0;
      // Bilinear interpolation between four pixels; pixels outside are 0.
      for (let corner = 0; corner < 4; corner++) {
        const column = left + (corner & 1);
        const row = top + (corner >> 1);
        if (column < 0 || row < 0 || column >= input.width || row >= input.height) continue;
        const share = (corner & 1 ? right : 1 - right) * (corner >> 1 ? down : 1 - down);
        const from = row * input.width + column;
        value += share * (input.image[from] as number);
        byX += share * (input.byX[from] as number);
        byY += share * (input.byY[from] as number);
      }
      byX *= weight;
      byY *= weight;
      const along = -(atX * byX + atY * byY);
      gradient[0] = byX * x;
      gradient[1] = byY * x;
      gradient[2] = along * x;
      gradient[3] = byX * y;
      gradient[4] = byY * y;
      gradient[5] = along * y;
      gradient[6] = byX;
      gradient[7] = byY;
      const column = Math.round(atX);
      const row = Math.round(atY);
      const counts = column >= 0 && row >= 0 && column < input.width && row < input.height;
      const wanted = shape[y * width + x] as number;
      if (counts) {
        sums.count++;
        sums.template += wanted;
        sums.templateSquares += wanted * wanted;
        sums.input += value;
        sums.inputSquares += value * value;
        sums.both += wanted * value;
      }
      for (let i = 0; i < parameters; i++) {
        const own = gradient[i] as number;
        if (own === 0) continue;
        onInput[i] = (onInput[i] as number) + own * value;
        if (counts) {
          onTemplate[i] = (onTemplate[i] as number) + own * wanted;
          onMask[i] = (onMask[i] as number) + own;
        }
        for (let j = i; j < parameters; j++) {
          const at = i * parameters + j;
          hessian[at] = (hessian[at] as number) + own * (gradient[j] as number);
        }
      }
    }
  }
  for (let i = 0; i < parameters; i++)
    for (let j = 0; j < i; j++) hessian[i * parameters + j] = hessian[j * parameters + i] as number;
  return sums;
}

type Eight = readonly [number, number, number, number, number, number, number, number];

/** The forward additive step of the algorithm. @throws AlignmentError */
function stepOf(sums: Sums): Float64Array {
  const { count, hessian } = sums;
  const [meanInput, meanTemplate] = [sums.input / count, sums.template / count];
  const inputNorm = sums.inputSquares - count * meanInput ** 2;
  const correlation = sums.both - count * meanInput * meanTemplate;
  const onInput = sums.onInput.map((sum, i) => sum - meanInput * (sums.onMask[i] as number));
  const onTemplate = sums.onTemplate.map(
    (sum, i) => sum - meanTemplate * (sums.onMask[i] as number),
  );
  const projected = solve(hessian, onInput);
  const dot = (one: Float64Array) =>
    one.reduce((sum, value, i) => sum + value * (projected[i] as number), 0);
  const lambda = (inputNorm - dot(onInput)) / (correlation - dot(onTemplate));
  if (!(correlation - dot(onTemplate) > 0) || !Number.isFinite(lambda))
    throw new AlignmentError("the images have too little in common to be aligned");
  return solve(
    hessian,
    onTemplate.map((value, i) => lambda * value - (onInput[i] as number)),
  );
}

interface Gradients {
  readonly byX: Float32Array;
  readonly byY: Float32Array;
}

/** Half the difference of the neighbours, mirrored about the last pixel beyond the edge. */
function differences({ width, height, values }: GreyPlane): Gradients {
  const byX = new Float32Array(values.length);
  const byY = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const inside = { x: x > 0 && x < width - 1, y: y > 0 && y < height - 1 };
      if (inside.x) byX[at] = ((values[at + 1] as number) - (values[at - 1] as number)) / 2;
      if (inside.y) byY[at] = ((values[at + width] as number) - (values[at - width] as number)) / 2;
    }
  }
  return { byX, byY };
}
