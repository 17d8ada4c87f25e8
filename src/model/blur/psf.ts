/** Rasterises a camera's path into a motion kernel (point spread function). */
import type { Trajectory } from "./trajectory.ts";

/** Positions at equal time steps, in pixels. */
export type Path = Pick<Trajectory, "x" | "y">;

/**
 * The kernel of the first part of a path: [size, size] row-major, sum 1, with the centroid of the light at the
 * centre, so that blurring does not move the image. Undefined if the light reaches beyond size / 2 − 1 from its
 * centroid.
 * @param exposure part of the path, in (0, 1]
 * @param size odd, at least 3
 */
export function kernelOf(
  path: Path,
  exposure: number,
  size: number,
): Float32Array<ArrayBuffer> | undefined {
  const exposed = expose(path, exposure);
  const centred = centre(exposed, size);
  if (centred === undefined) return undefined;
  const psf = rasterise(centred, size);
  const sum = psf.reduce((a, b) => a + b, 0);
  return Float32Array.from(psf, (light) => light / sum);
}

/** A path during the exposure, and the light at each position; the light of a whole path sums to 1. */
interface ExposedPath extends Path {
  readonly light: Float64Array;
}

/** The first part of a path. A position represents the time since the one before; the first has no light. */
export function expose({ x, y }: Path, exposure: number): ExposedPath {
  const steps = x.length;
  const end = exposure * steps;
  const count = Math.min(steps, Math.ceil(end) + 1);
  const light = new Float64Array(count);
  for (let t = 1; t < count; t++) light[t] = Math.min(1, end - (t - 1)) / steps;
  return { x: x.subarray(0, count), y: y.subarray(0, count), light };
}

/** The path moved so that its centroid is at the middle of the grid; undefined if it does not fit. */
function centre({ x, y, light }: ExposedPath, size: number): ExposedPath | undefined {
  let [sum, sumX, sumY] = [0, 0, 0];
  for (let t = 0; t < light.length; t++) {
    const here = light[t] as number;
    sum += here;
    sumX += here * (x[t] as number);
    sumY += here * (y[t] as number);
  }
  const middle = (size - 1) / 2;
  const [toX, toY] = [middle - sumX / sum, middle - sumY / sum];
  const reach = size / 2 - 1;
  for (let t = 0; t < light.length; t++) {
    const far = Math.max(
      Math.abs((x[t] as number) + toX - middle),
      Math.abs((y[t] as number) + toY - middle),
    );
    if (!(far < reach)) return undefined;
  }
  return { x: x.map((place) => place + toX), y: y.map((place) => place + toY), light };
}

/**
 * The light on each pixel: [size, size]; each position is distributed over the four pixels around it.
 * @throws RangeError if the path leaves the grid
 */
export function rasterise({ x, y, light }: ExposedPath, size: number): Float64Array {
  const psf = new Float64Array(size * size);
  for (let t = 0; t < light.length; t++) {
    const column = Math.floor(x[t] as number);
    const row = Math.floor(y[t] as number);
    if (!(column >= 0 && row >= 0 && column < size - 1 && row < size - 1))
      throw new RangeError(`expected a path inside ${size}×${size} but found (${x[t]}, ${y[t]})`);
    const right = (x[t] as number) - column;
    const below = (y[t] as number) - row;
    const here = light[t] as number;
    const at = row * size + column;
    (psf[at] as number) += here * (1 - below) * (1 - right);
    (psf[at + 1] as number) += here * (1 - below) * right;
    (psf[at + size] as number) += here * below * (1 - right);
    (psf[at + size + 1] as number) += here * below * right;
  }
  return psf;
}
