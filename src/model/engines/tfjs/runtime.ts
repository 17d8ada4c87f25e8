/** Defines what each backend of TensorFlow.js offers once it is started. */

import type * as tf from "@tensorflow/tfjs-core";

/** Results of tensors, computed from them and from constants alone. The caller disposes the results. */
export type Computation = (inputs: readonly tf.Tensor[]) => tf.Tensor[];

/** A computation that is prepared to be repeated. */
export interface Program {
  /** The results for inputs of any shapes; the first call for each shape takes longer. */
  readonly run: Computation;
  dispose(): void;
}

/** A program that executes its operations one by one. */
export function interpret(compute: Computation): Program {
  return { run: compute, dispose() {} };
}

/** The backend of this thread's tensors. */
export interface TfjsRuntime {
  /** Name and version. */
  readonly version: string;
  /** The adapter it computes on; undefined: the processor. */
  readonly adapter?: string;
  /** Maximum size of a tensor in bytes; undefined: limited by memory only. */
  readonly largestTensor?: number;
  /** Runs `compute` and rejects if the device reports an error. */
  run<T>(compute: () => T | Promise<T>): Promise<T>;
  /** Prepares a computation to be repeated in `run`. Tensors that it reads besides its inputs must not change. */
  compile(compute: Computation): Program;
  dispose(): Promise<void>;
}
