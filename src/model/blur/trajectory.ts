/**
 * Simulates the path of a shaking camera during the exposure: a point with random pushes, a pull to the centre and
 * rare jerks, at constant speed (Boracchi & Foi, "Modeling the performance of image restoration from motion blur",
 * IEEE TIP 2012, with the parameters of DeblurGAN, Kupyn et al., CVPR 2018).
 */
import type { RandomStream } from "../random-stream.ts";

/** Positions at equal time steps, in pixels. */
export interface Trajectory {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Number of jerks. */
  readonly impulses: number;
}

export interface Shake {
  /** Strength of the shaking: 0.003 to 0.01. */
  readonly anxiety: number;
  /** Length of the whole path in pixels, above 0. */
  readonly length: number;
  /** Number of positions. The distribution depends on it; the published code uses 2000. */
  readonly steps: number;
}

/** A random path that begins at (0, 0). */
export function simulateTrajectory(
  random: RandomStream,
  { anxiety, length, steps }: Shake,
): Trajectory {
  const centripetal = 0.7 * random.uniform();
  const jerking = 0.2 * random.uniform() * anxiety;
  const trembling = 10 * random.uniform();
  const angle = 2 * Math.PI * random.uniform();
  const step = length / (steps - 1);

  const x = new Float64Array(steps);
  const y = new Float64Array(steps);
  let [px, py, impulses] = [0, 0, 0];
  let vx = anxiety * Math.cos(angle);
  let vy = anxiety * Math.sin(angle);
  for (let t = 1; t < steps; t++) {
    const pull = anxiety * step;
    let dx = pull * (trembling * random.normal() - centripetal * px);
    let dy = pull * (trembling * random.normal() - centripetal * py);
    if (random.uniform() < jerking) {
      // A turn by π ± half a radian, at twice the speed.
      const turn = Math.PI + random.uniform() - 0.5;
      dx += 2 * (vx * Math.cos(turn) - vy * Math.sin(turn));
      dy += 2 * (vx * Math.sin(turn) + vy * Math.cos(turn));
      impulses++;
    }
    vx += dx;
    vy += dy;
    const rescale = step / Math.hypot(vx, vy);
    vx *= rescale;
    vy *= rescale;
    px += vx;
    py += vy;
    x[t] = px;
    y[t] = py;
  }
  return { x, y, impulses };
}
