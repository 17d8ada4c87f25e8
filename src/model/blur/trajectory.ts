/**
 * The path of a shaken camera while the shutter is open, drawn at random: a point that is pushed about, pulled
 * back and now and then jerked, at constant speed (Boracchi & Foi, "Modeling the performance of image
 * restoration from motion blur", IEEE TIP 2012, as Kupyn et al. draw it for DeblurGAN, CVPR 2018).
 */
import type { RandomStream } from "../random-stream.ts";

/** Positions at equal times, in pixels. */
export interface Trajectory {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** How often the hand jerked. */
  readonly impulses: number;
}

export interface Shake {
  /** How restless the hand is: 0.003 to 0.01. */
  readonly anxiety: number;
  /** Of the whole path, px, above 0. */
  readonly length: number;
  /** Positions on the path. The law depends on them: 2000 in the published code. */
  readonly steps: number;
}

/** Draws a path that begins at (0, 0). */
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
      // About turn, half a radian to either side, at twice the speed.
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
