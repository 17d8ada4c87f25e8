/** Makes one step of training as a function of state, batch and learning rate, so that runs are reproducible. */
import * as tf from "@tensorflow/tfjs-core";
import { parameters } from "../graph/graph.ts";
import { importParameters, type Parameters } from "../tfjs/parameters.ts";
import { isBuffer } from "../weights/count-parameters.ts";
import type { Weights } from "../weights/weights.ts";
import { valueAndGradients } from "./gradients.ts";
import { descend, initialState, type OptimizerSettings, type TrainState } from "./optimizer.ts";
import type { Stage } from "./stages.ts";

/** Names of the parameters a stage trains. */
export function trainedNames<B>({ graph }: Stage<B>): string[] {
  return parameters(graph)
    .map(({ name }) => name)
    .filter((name) => !isBuffer(name));
}

/** The state before the first step from these weights; the caller disposes it. */
export function beginStage<B>(
  stage: Stage<B>,
  weights: Weights,
  settings: OptimizerSettings,
): TrainState {
  const imported = importParameters(stage.graph, weights);
  const trained = new Set(trainedNames(stage));
  const kept = new Map<string, tf.Tensor>();
  for (const [name, tensor] of imported) {
    if (trained.has(name)) kept.set(name, tensor);
    else tensor.dispose();
  }
  const statistics = stage.statistics.map(
    (name) => [name, tf.tensor1d(weights.get(name)?.data as Float32Array)] as const,
  );
  return initialState(kept, new Map(statistics), settings);
}

export interface Gradients {
  readonly loss: tf.Scalar;
  readonly gradients: Parameters;
  /** Running statistics after the batch. */
  readonly statistics: Parameters;
}

/** The loss of a batch and its gradient by every trained parameter; the caller disposes them. */
export function gradientsOf<B>(
  stage: Stage<B>,
  { weights, statistics }: Pick<TrainState, "weights" | "statistics">,
  batch: B,
): Gradients {
  const feeds = stage.feed(batch);
  const names = [...weights.keys()];
  const moved = new Map<string, tf.Tensor>();
  try {
    const { value, gradients } = valueAndGradients(() => {
      const { loss, statistics: after } = stage.loss(feeds, weights, statistics);
      for (const [name, tensor] of after) moved.set(name, tf.keep(tensor));
      return loss;
    }, [...weights.values()]);
    return {
      loss: value,
      gradients: new Map(names.map((name, i) => [name, gradients[i] as tf.Tensor])),
      statistics: moved,
    };
  } finally {
    tf.dispose(Object.values(feeds));
  }
}

export function disposeGradients({ loss, gradients, statistics }: Gradients): void {
  tf.dispose([loss, ...gradients.values(), ...statistics.values()]);
}

/**
 * One step of gradient descent.
 * @param state consumed, as are the gradients
 * @returns the new state; the batch's loss before the step and the gradient's norm before clipping, scalars that
 *   the caller disposes
 */
export function trainStep(
  state: TrainState,
  { loss, gradients, statistics }: Gradients,
  rate: number,
  settings: OptimizerSettings,
): { state: TrainState; loss: tf.Scalar; norm: tf.Scalar } {
  const { state: next, norm } = descend(state, gradients, rate, settings);
  if (statistics.size === 0) return { state: next, loss, norm };
  tf.dispose([...state.statistics.values()]);
  return { state: { ...next, statistics }, loss, norm };
}
