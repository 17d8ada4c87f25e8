/** Random numbers go in, a motion kernel comes out: what the flow prior learns and sharp pictures are blurred with. */
import type { RandomStream } from "../random-stream.ts";
import { kernelOf } from "./psf.ts";
import { simulateTrajectory, type Trajectory } from "./trajectory.ts";

/** A camera's movement and the part of it that a picture saw. */
export interface Motion {
  readonly path: Trajectory;
  /** Of (0, 1]. */
  readonly exposure: number;
}

/**
 * A random motion kernel [kernelSize, kernelSize], sum 1, centroid at the centre. Paths too wide for it are drawn
 * again. The size is odd, from 3 up; 19 for the published nets.
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
 * A random movement as the paper's simulator draws it (DeblurGAN's parameters), of any length up to 60 pixels for
 * kernels of 19: how the published work fits its 64-pixel canvas into 19×19 is not stated.
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
