/** Simulates motion kernels, for training the flow prior and for blurring sharp images. */
import type { RandomStream } from "../random-stream.ts";
import { kernelOf } from "./psf.ts";
import { simulateTrajectory, type Trajectory } from "./trajectory.ts";

/** A camera's movement and the exposed part of it. */
export interface Motion {
  readonly path: Trajectory;
  /** Exposed part of the path, in (0, 1]. */
  readonly exposure: number;
}

/**
 * A random motion kernel [kernelSize, kernelSize], sum 1, centroid at the centre. Paths that do not fit are sampled
 * again. The size is odd, at least 3; the published nets use 19.
 *
 *     simulateKernel(openStream({ seed: 1, purpose: "kernel", index: 0 }), 19)
 */
export function simulateKernel(
  random: RandomStream,
  kernelSize: number,
): Float32Array<ArrayBuffer> {
  for (;;) {
    const { path, exposure } = simulateMotion(random, kernelSize);
    const kernel = kernelOf(path, exposure, kernelSize);
    if (kernel !== undefined) return kernel;
  }
}

/**
 * A random movement with the parameters of DeblurGAN, as in the paper. The length is at most 60 pixels for kernels
 * of 19; the published work does not state how its 64-pixel canvas is reduced to 19×19.
 */
export function simulateMotion(random: RandomStream, kernelSize: number): Motion {
  const anxiety = random.pick([0.01, 0.009, 0.008, 0.007, 0.005, 0.003]);
  const length = 1 + (longest(kernelSize) - 1) * random.uniform();
  const path = simulateTrajectory(random, { anxiety, length, steps: 2000 });
  return { path, exposure: random.pick([0.1, 0.5, 1]) };
}

function longest(kernelSize: number): number {
  return (60 * kernelSize) / 19;
}
