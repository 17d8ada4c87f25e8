/**
 * AdamW (Loshchilov & Hutter, ICLR 2019) as PyTorch computes it, with the gradient's norm clipped and an
 * average of the weights. Weights, slopes and state in, new ones out: elementwise, whatever the layout.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../tfjs/parameters.ts";

export interface OptimizerSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Taken off the weights, times the learning rate; not through the slopes. */
  readonly weightDecay: number;
  /** Longer gradients are shortened to this norm, all tensors together. */
  readonly clipNorm: number;
  /** Share of the average that stays at each step, once there were enough; 0: no average is kept. */
  readonly average: number;
}

/** What a stage of training moves, by name; all float32. Whoever holds it disposes it (`disposeState`). */
export interface TrainState {
  /** Steps made. */
  readonly iteration: number;
  readonly weights: Parameters;
  /** Running means of the slopes and of their squares. */
  readonly first: Parameters;
  readonly second: Parameters;
  /** The weights' exponential moving average; empty where none is kept. */
  readonly average: Parameters;
  /** Running means and variances, which move but not by slopes. */
  readonly statistics: Parameters;
}

/** The state before the first step. Takes the tensors over. */
export function initialState(
  weights: Parameters,
  statistics: Parameters,
  { average }: OptimizerSettings,
): TrainState {
  const each = (make: (t: tf.Tensor) => tf.Tensor): Parameters =>
    new Map([...weights].map(([name, tensor]) => [name, make(tensor)]));
  return {
    iteration: 0,
    weights,
    first: each((t) => tf.zerosLike(t)),
    second: each((t) => tf.zerosLike(t)),
    average: average === 0 ? new Map() : each((t) => tf.clone(t)),
    statistics,
  };
}

export function disposeState({ iteration: _, ...parts }: TrainState): void {
  for (const tensors of Object.values(parts)) tf.dispose([...tensors.values()]);
}

/**
 * One step down the slopes.
 * @param state is used up: its tensors are gone afterwards, but for the statistics, which are handed on; those
 *   of `slopes` are gone too
 * @param slopes one for each weight
 * @param rate the learning rate
 * @returns the state after it, and the gradient's norm before clipping, a scalar for the caller to dispose
 */
export function descend(
  state: TrainState,
  gradients: Parameters,
  rate: number,
  settings: OptimizerSettings,
): { state: TrainState; norm: tf.Scalar } {
  const { beta1, beta2, epsilon, weightDecay, clipNorm, average } = settings;
  const iteration = state.iteration + 1;
  const norm = normOf(gradients);
  const clip = tf.tidy(() => tf.minimum(tf.div(clipNorm, tf.add(norm, 1e-6)), 1));
  // Corrections of means that began at zero.
  const stepSize = rate / (1 - beta1 ** iteration);
  const spread = Math.sqrt(1 - beta2 ** iteration);
  const kept = Math.min(average, (1 + iteration) / (10 + iteration));

  const next = { weights: new Map(), first: new Map(), second: new Map(), average: new Map() };
  for (const [name, weight] of state.weights) {
    const gradient = gradients.get(name) as tf.Tensor;
    const old = [weight, gradient, state.first.get(name), state.second.get(name)] as tf.Tensor[];
    const before = state.average.get(name);
    const moved = tf.tidy(() => {
      const g = tf.mul(gradient, clip);
      const first = tf.add(tf.mul(old[2] as tf.Tensor, beta1), tf.mul(g, 1 - beta1));
      const second = tf.add(tf.mul(old[3] as tf.Tensor, beta2), tf.mul(tf.square(g), 1 - beta2));
      const size = tf.add(tf.div(tf.sqrt(second), spread), epsilon);
      const decayed = weightDecay === 0 ? weight : tf.mul(weight, 1 - rate * weightDecay);
      const weights = tf.sub(decayed, tf.mul(tf.div(first, size), stepSize));
      const nextAverage = before && tf.add(before, tf.mul(tf.sub(weights, before), 1 - kept));
      return { first, second, weights, ...(nextAverage && { average: nextAverage }) };
    });
    for (const [part, tensor] of Object.entries(moved)) {
      next[part as keyof typeof next].set(name, tensor);
    }
    tf.dispose(old);
    before?.dispose();
  }
  clip.dispose();
  return { state: { iteration, ...next, statistics: state.statistics }, norm };
}

/** √(Σ g²) over all tensors. */
function normOf(gradients: Parameters): tf.Scalar {
  return tf.tidy(() => {
    const squares = [...gradients.values()].map((gradient) => tf.sum(tf.square(gradient)));
    return tf.sqrt(tf.sum(tf.stack(squares)));
  });
}
