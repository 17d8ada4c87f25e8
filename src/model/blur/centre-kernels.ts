/**
 * Prepares measured kernels for blurring: one odd size, sum 1, and the centroid at the centre. Whole pixels limit
 * the precision of the centroid, so blurring moves an image by at most half a pixel.
 */

/** [height, width] row by row; values below 0 count as 0, their sum does not matter. */
export interface MeasuredKernel {
  readonly width: number;
  readonly height: number;
  readonly values: ArrayLike<number>;
}

/** Kernels of one size. */
export interface KernelBank {
  /** Odd; the smallest size that contains all of them. */
  readonly kernelSize: number;
  /** Each [kernelSize, kernelSize] with sum 1. */
  readonly kernels: readonly Float32Array<ArrayBuffer>[];
}

interface Centred {
  readonly taps: readonly { readonly x: number; readonly y: number; readonly value: number }[];
  /** Distance of the outermost tap from the centre along an axis. */
  readonly reach: number;
}

/** @throws RangeError with the index of a kernel that has no value above 0, or a value that is not finite */
export function centreKernels(measured: readonly MeasuredKernel[]): KernelBank {
  const centred = measured.map(centre);
  const reach = centred.reduce((most, one) => Math.max(most, one.reach), 1);
  const kernelSize = 2 * reach + 1;
  const kernels = centred.map(({ taps }) => {
    const kernel = new Float32Array(kernelSize ** 2);
    for (const { x, y, value } of taps) kernel[(y + reach) * kernelSize + x + reach] = value;
    return kernel;
  });
  return { kernelSize, kernels };
}

function centre({ width, height, values }: MeasuredKernel, number: number): Centred {
  let [sum, sumX, sumY] = [0, 0, 0];
  const lit: { x: number; y: number; value: number }[] = [];
  for (let at = 0; at < width * height; at++) {
    const value = values[at] as number;
    if (!Number.isFinite(value))
      throw new RangeError(`expected finite values in kernel ${number} but found ${value}`);
    if (value <= 0) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    lit.push({ x, y, value });
    sum += value;
    sumX += value * x;
    sumY += value * y;
  }
  if (lit.length === 0)
    throw new RangeError(`expected a value above 0 in kernel ${number} but found none`);
  const [middleX, middleY] = [Math.round(sumX / sum), Math.round(sumY / sum)];
  const taps = lit.map(({ x, y, value }) => ({
    x: x - middleX,
    y: y - middleY,
    value: value / sum,
  }));
  const reach = taps.reduce((most, { x, y }) => Math.max(most, Math.abs(x), Math.abs(y)), 0);
  return { taps, reach };
}
