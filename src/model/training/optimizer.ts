/**
 * Implements AdamW (Loshchilov & Hutter, ICLR 2019) like PyTorch, with clipping of the gradient's norm and an
 * average of the weights. All operations are elementwise, so layouts do not matter.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../tfjs/parameters.ts";

export interface OptimizerSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Subtracted from the weights, times the learning rate; independent of the gradients. */
  readonly weightDecay: number;
  /** Gradients with a larger norm, over all tensors, are scaled down to this norm. */
  readonly clipNorm: number;
  /** Share of the old average that remains at each step, after a warm-up; 0: no average is kept. */
  readonly average: number;
}

/** The state of a stage of training, by parameter name; all float32. The owner disposes it (`disposeState`). */
export interface TrainState {
  /** Number of steps so far. */
  readonly iteration: number;
  readonly weights: Parameters;
  /** Running means of the gradients and of their squares. */
  readonly first: Parameters;
  readonly second: Parameters;
  /** Exponential moving average of the weights; empty if none is kept. */
  readonly average: Parameters;
  /** Running means and variances of batch norms, which are updated without gradients. */
  readonly statistics: Parameters;
}

/** The state before the first step. Takes ownership of the tensors. */
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
 * One step of gradient descent.
 * @param state consumed: its tensors are disposed, except the statistics, which move to the result
 * @param gradients one for each weight; disposed
 * @param rate the learning rate
 * @returns the new state, and the gradient's norm before clipping, a scalar that the caller disposes
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
  // Correct the bias of means that started at zero.
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
