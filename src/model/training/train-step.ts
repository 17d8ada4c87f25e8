/** Makes one step of training as a function of state, batch and learning rate, so that runs are reproducible. */
import * as tf from "@tensorflow/tfjs-core";
import { interpret, type Program, type TfjsRuntime } from "../engines/tfjs/runtime.ts";
import { parameters } from "../graph/graph.ts";
import { importParameters, type Parameters } from "../tfjs/parameters.ts";
import { isBuffer } from "../weights/count-parameters.ts";
import type { Weights } from "../weights/weights.ts";
import { valueAndGradients } from "./gradients.ts";
import {
  type Descent,
  descend,
  initialState,
  type OptimizerSettings,
  type TrainState,
} from "./optimizer.ts";
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
  state: Pick<TrainState, "weights" | "statistics">,
  batch: B,
): Gradients {
  return openGradients(stage, interpret).of(state, batch);
}

/** Computes gradients of a stage again and again. */
export interface GradientProgram<B> {
  /** As `gradientsOf`. */
  of(state: Pick<TrainState, "weights" | "statistics">, batch: B): Gradients;
  dispose(): void;
}

/** @param compile of the runtime that computes */
export function openGradients<B>(
  stage: Stage<B>,
  compile: TfjsRuntime["compile"],
): GradientProgram<B> {
  /** By the names of the batch's tensors, which depend on the options. */
  const programs = new Map<string, Program>();
  const programFor = (fed: readonly string[], trained: readonly string[]): Program => {
    const key = fed.join();
    const known = programs.get(key) ?? compile((inputs) => results(stage, fed, trained, inputs));
    programs.set(key, known);
    return known;
  };
  return {
    of({ weights, statistics }, batch) {
      const feeds = stage.feed(batch);
      try {
        const [fed, trained] = [Object.keys(feeds), [...weights.keys()]];
        const moved = stage.statistics.map((name) => statistics.get(name) as tf.Tensor);
        const inputs = [...Object.values(feeds), ...weights.values(), ...moved];
        const [loss, ...others] = programFor(fed, trained).run(inputs);
        const named = (names: readonly string[], from: number) =>
          new Map(names.map((name, i) => [name, others[from + i] as tf.Tensor]));
        return {
          loss: loss as tf.Scalar,
          gradients: named(trained, 0),
          statistics: named(stage.statistics, trained.length),
        };
      } finally {
        tf.dispose(Object.values(feeds));
      }
    },
    dispose() {
      for (const program of programs.values()) program.dispose();
      programs.clear();
    },
  };
}

/** The loss, the gradients and the moved statistics. @param inputs tensors of the batch, weights, statistics */
function results<B>(
  stage: Stage<B>,
  fed: readonly string[],
  trained: readonly string[],
  inputs: readonly tf.Tensor[],
): tf.Tensor[] {
  const named = (names: readonly string[], from: number) =>
    new Map(names.map((name, i) => [name, inputs[from + i] as tf.Tensor]));
  const feeds = Object.fromEntries(named(fed, 0)) as ReturnType<Stage<B>["feed"]>;
  const weights = named(trained, fed.length);
  const statistics = named(stage.statistics, fed.length + trained.length);
  const moved = new Map<string, tf.Tensor>();
  const { value, gradients } = valueAndGradients(() => {
    const { loss, statistics: after } = stage.loss(feeds, weights, statistics);
    for (const [name, tensor] of after) moved.set(name, tf.keep(tensor));
    return loss;
  }, [...weights.values()]);
  return [value, ...gradients, ...stage.statistics.map((name) => moved.get(name) as tf.Tensor)];
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
  step: Descent["step"] = (...given) => descend(...given, settings),
): { state: TrainState; loss: tf.Scalar; norm: tf.Scalar } {
  const { state: next, norm } = step(state, gradients, rate);
  if (statistics.size === 0) return { state: next, loss, norm };
  tf.dispose([...state.statistics.values()]);
  return { state: { ...next, statistics }, loss, norm };
}
