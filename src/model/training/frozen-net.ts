/** Loads a graph that is not trained, folded for speed; gradients by its inputs pass through it. */
import * as tf from "@tensorflow/tfjs-core";
import { fold } from "../folding/folding.ts";
import { tfjsPasses } from "../folding/passes.ts";
import type { Graph } from "../graph/graph.ts";
import { evaluate } from "../tfjs/evaluate.ts";
import { importParameters } from "../tfjs/parameters.ts";
import type { Weights } from "../weights/weights.ts";

/** Tensors by name. */
export type Feeds = Readonly<Record<string, tf.Tensor4D>>;

export interface FrozenNet<G extends Graph> {
  /** The caller disposes the outputs. */
  run(feeds: Feeds): { [K in keyof G]: tf.Tensor4D };
  dispose(): void;
}

export function freeze<G extends Graph>(of: G, weights: Weights): FrozenNet<G> {
  const { graph, weights: folded } = fold(of, weights, tfjsPasses);
  const parameters = importParameters(graph, folded);
  return {
    run: (feeds) => evaluate(graph, feeds, parameters),
    dispose: () => tf.dispose([...parameters.values()]),
  };
}
