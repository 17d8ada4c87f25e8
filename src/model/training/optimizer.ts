/**
 * Implements AdamW (Loshchilov & Hutter, ICLR 2019) like PyTorch, with clipping of the gradient's norm and an
 * average of the weights. All operations are elementwise, so layouts do not matter.
 */
import * as tf from "@tensorflow/tfjs-core";
import { interpret, type TfjsRuntime } from "../engines/tfjs/runtime.ts";
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
  return openDescent(settings, interpret).step(state, gradients, rate);
}

/** Descends again and again. */
export interface Descent {
  /** As `descend`. */
  step(
    state: TrainState,
    gradients: Parameters,
    rate: number,
  ): { state: TrainState; norm: tf.Scalar };
  dispose(): void;
}

/** @param compile of the runtime that computes */
export function openDescent(settings: OptimizerSettings, compile: TfjsRuntime["compile"]): Descent {
  const { beta1, beta2, average } = settings;
  const parts = average === 0 ? threeParts : fourParts;
  const program = compile((inputs) => tf.tidy(() => moved(inputs, parts, settings)));
  return {
    step(state, gradients, rate) {
      const iteration = state.iteration + 1;
      const kept = Math.min(average, (1 + iteration) / (10 + iteration));
      const names = [...state.weights.keys()];
      const old = [gradients, ...parts.map((part) => state[part])].flatMap((tensors) =>
        names.map((name) => tensors.get(name) as tf.Tensor),
      );
      const coefficients = [
        // Correct the bias of means that started at zero.
        rate / (1 - beta1 ** iteration),
        Math.sqrt(1 - beta2 ** iteration),
        1 - rate * settings.weightDecay,
        1 - kept,
      ].map((value) => tf.scalar(value));
      const [norm, ...next] = program.run([...coefficients, ...old]) as [tf.Scalar, ...tf.Tensor[]];
      tf.dispose([...coefficients, ...old]);
      const named = (part: Part): Parameters => {
        const from = parts.indexOf(part) * names.length;
        return new Map(names.map((name, i) => [name, next[from + i] as tf.Tensor]));
      };
      return {
        norm,
        state: {
          iteration,
          weights: named("weights"),
          first: named("first"),
          second: named("second"),
          average: average === 0 ? new Map() : named("average"),
          statistics: state.statistics,
        },
      };
    },
    dispose: () => program.dispose(),
  };
}

type Part = "weights" | "first" | "second" | "average";
const threeParts: readonly Part[] = ["weights", "first", "second"];
const fourParts: readonly Part[] = [...threeParts, "average"];

/**
 * The gradients' norm and the tensors of the new state.
 * @param inputs the step's size, the spread of the second means, the share of a weight that its decay leaves, and the
 *   new weights' share of the average, all scalars; then the gradients, and the state's parts
 */
function moved(
  inputs: readonly tf.Tensor[],
  parts: readonly Part[],
  { beta1, beta2, epsilon, weightDecay, clipNorm }: OptimizerSettings,
): tf.Tensor[] {
  const [size, spread, left, share] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const tensors = inputs.slice(4);
  const count = tensors.length / (1 + parts.length);
  const norm = normOf(tensors.slice(0, count));
  const clip = tf.minimum(tf.div(clipNorm, tf.add(norm, 1e-6)), 1);
  const next: tf.Tensor[][] = parts.map(() => []);
  for (let i = 0; i < count; i++) {
    const own = Array.from({ length: 1 + parts.length }, (_, part) => tensors[part * count + i]);
    const [gradient, weight, first, second, average] = own as [
      ...[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor],
      tf.Tensor?,
    ];
    const moved = tf.tidy(() => {
      const g = tf.mul(gradient, clip);
      const means = tf.add(tf.mul(first, beta1), tf.mul(g, 1 - beta1));
      const squares = tf.add(tf.mul(second, beta2), tf.mul(tf.square(g), 1 - beta2));
      const divisor = tf.add(tf.div(tf.sqrt(squares), spread), epsilon);
      const decayed = weightDecay === 0 ? weight : tf.mul(weight, left);
      const weights = tf.sub(decayed, tf.mul(tf.div(means, divisor), size));
      const averages = average && tf.add(average, tf.mul(tf.sub(weights, average), share));
      return [weights, means, squares, ...(averages ? [averages] : [])];
    });
    for (const [part, tensor] of moved.entries()) next[part]?.push(tensor);
  }
  return [norm, ...next.flat()];
}

/** √(Σ g²) over all tensors. */
function normOf(gradients: readonly tf.Tensor[]): tf.Scalar {
  return tf.tidy(() => {
    const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
    return tf.sqrt(tf.sum(tf.stack(squares)));
  });
}
