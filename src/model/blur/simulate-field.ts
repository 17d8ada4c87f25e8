/** Simulates the blur of a scene: a shaking camera that may roll, and objects that move in front of it. */
import type { RandomStream } from "../random-stream.ts";
import type { BlurField, FieldPart } from "./blur-field.ts";
import { kernelOf } from "./psf.ts";
import { simulateKernel, simulateMotion } from "./simulate-kernel.ts";
import { simulateTrajectory } from "./trajectory.ts";

export interface Scene {
  /** Odd. */
  readonly kernelSize: number;
  readonly width: number;
  readonly height: number;
}

/** Maximum number of kernels one field takes from `nextKernel`. */
export const mostKernels = 3;

/**
 * A random field: half of the cameras do not roll, and in two of five scenes nothing else moves.
 * @param nextKernel returns the next measured kernel, [kernelSize, kernelSize] with sum 1; undefined: kernels are
 *   simulated. Cameras with measured kernels do not roll, because their paths are unknown.
 */
export function simulateField(
  random: RandomStream,
  scene: Scene,
  nextKernel?: () => Float32Array,
): BlurField {
  const next = nextKernel ?? (() => simulateKernel(random, scene.kernelSize));
  const rolls = random.uniform() >= 0.5 && nextKernel === undefined;
  let parts = rolls ? rolled(random, scene) : shifted(next(), scene);
  for (let moving = random.pick([0, 0, 1, 1, 2]); moving > 0; moving--) {
    const kernel = next();
    parts = inFront(parts, { kernel, share: silhouette(random, scene) });
  }
  return { ...scene, parts };
}

/** The same kernel at every pixel. */
function shifted(kernel: Float32Array, { width, height }: Scene): FieldPart[] {
  return [{ kernel, share: new Float32Array(width * height).fill(1) }];
}

/**
 * A camera that also rolls, so that the path depends on the position. Each node of a grid has the kernel of its
 * path; between the nodes kernels are interpolated (Hirsch et al., "Efficient filter flow for space-variant
 * multiframe blind deconvolution", CVPR 2010).
 */
function rolled(random: RandomStream, scene: Scene): FieldPart[] {
  const { kernelSize, width, height } = scene;
  const corners = 4;
  const [across, down] = [fades(width, corners), fades(height, corners)];
  const kernels = rolledKernels(random, kernelSize, corners);
  return kernels.map((kernel, i) => {
    const [left, top] = [across[i % corners], down[Math.floor(i / corners)]];
    const share = new Float32Array(width * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        share[y * width + x] = (left?.[x] as number) * (top?.[y] as number);
      }
    }
    return { kernel, share };
  });
}

/** The kernels at `corners`² nodes of an image, row by row; sampled again until all of them fit. */
function rolledKernels(random: RandomStream, kernelSize: number, corners: number): Float32Array[] {
  for (;;) {
    const { path, exposure } = simulateMotion(random, kernelSize);
    // The angle follows another such walk; at the image's edge it moves points by up to a quarter of the kernel
    // size.
    const walk = simulateTrajectory(random, { anxiety: 0.005, length: 1, steps: path.x.length }).x;
    const widest = walk.reduce((most, angle) => Math.max(most, Math.abs(angle)), 0);
    const roll = (random.uniform() * kernelSize) / 4 / widest;
    const kernels: Float32Array[] = [];
    for (let i = 0; i < corners ** 2; i++) {
      // From the middle of the image, in units of half its size.
      const x = (2 * (i % corners)) / (corners - 1) - 1;
      const y = (2 * Math.floor(i / corners)) / (corners - 1) - 1;
      const here = {
        x: path.x.map((place, t) => place - roll * (walk[t] as number) * y),
        y: path.y.map((place, t) => place + roll * (walk[t] as number) * x),
      };
      const kernel = kernelOf(here, exposure, kernelSize);
      if (kernel === undefined) break;
      kernels.push(kernel);
    }
    if (kernels.length === corners ** 2) return kernels;
  }
}

/** The share of a moving object: a random outline with a hard to soft edge. */
function silhouette(random: RandomStream, { width, height }: Scene): Float32Array {
  const corners = random.pick([2, 3, 4]);
  const edge = random.pick([0.03, 0.2, 0.8]);
  const level = random.uniform() - 0.5;
  const heights = Array.from({ length: corners ** 2 }, () => random.normal());
  const [across, down] = [fades(width, corners), fades(height, corners)];
  const share = new Float32Array(width * height);
  const ridge = new Float64Array(corners);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < corners; i++) {
      ridge[i] = down.reduce(
        (sum, fade, j) => sum + (fade[y] as number) * (heights[j * corners + i] as number),
        0,
      );
    }
    for (let x = 0; x < width; x++) {
      let ground = 0;
      for (let i = 0; i < corners; i++) ground += (across[i]?.[x] as number) * (ridge[i] as number);
      share[y * width + x] = smoothStep((ground - level) / edge + 0.5);
    }
  }
  return share;
}

/** Puts `part` in front of the other parts. */
function inFront(parts: readonly FieldPart[], part: FieldPart): FieldPart[] {
  const behind = parts.map(({ kernel, share }) => ({
    kernel,
    share: share.map((rest, p) => rest * (1 - (part.share[p] as number))),
  }));
  return [...behind, part];
}

/** The weight of each of `corners` evenly spaced nodes along a side, at every pixel: raised cosines that sum to 1. */
function fades(length: number, corners: number): Float64Array[] {
  return Array.from({ length: corners }, (_, corner) =>
    Float64Array.from({ length }, (_, pixel) => {
      const away = Math.abs(((pixel + 0.5) / length) * (corners - 1) - corner);
      return away < 1 ? Math.cos((Math.PI / 2) * away) ** 2 : 0;
    }),
  );
}

/** 0 below 0, 1 above 1, smooth in between. */
function smoothStep(t: number): number {
  const inside = Math.min(1, Math.max(0, t));
  return inside * inside * (3 - 2 * inside);
}
