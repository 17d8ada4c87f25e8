/** How large a step is: an iteration's number in, its learning rate out. */

export interface Schedule {
  /** Of the largest step. */
  readonly rate: number;
  /** Iterations in which the rate rises evenly to its largest. */
  readonly warmUp: number;
  /** Of the whole stage; the rate has fallen to `lastRate` by then. */
  readonly iterations: number;
}

/** The paper's last rate. */
const lastRate = 1e-7;

/** Up along a line, down along a cosine. @param iteration from 0 */
export function learningRate({ rate, warmUp, iterations }: Schedule, iteration: number): number {
  if (iteration < warmUp) return (rate * (iteration + 1)) / warmUp;
  const done = Math.min(1, (iteration - warmUp) / Math.max(1, iterations - warmUp));
  return lastRate + (rate - lastRate) * 0.5 * (1 + Math.cos(Math.PI * done));
}
