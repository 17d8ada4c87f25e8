/** Defines operations that are loops over plain numbers, because no backend has them. */
import * as tf from "@tensorflow/tfjs-core";

/** The values of the result from those of the inputs; the same for the same inputs. */
export type OnNumbers = (...inputs: Float32Array[]) => Float32Array<ArrayBuffer>;

/** A host operation that was executed. */
export interface HostOperation {
  readonly inputs: readonly tf.Tensor[];
  readonly compute: OnNumbers;
  readonly output: tf.Tensor;
}

/** Runs an operation in its own way, for example to record it. */
export type HostRunner = (run: () => HostOperation) => HostOperation;

let runner: HostRunner = (run) => run();

/** Lets `own` run all following host operations of this thread; returns the runner before. */
export function setHostRunner(own: HostRunner): HostRunner {
  const before = runner;
  runner = own;
  return before;
}

/** Reads the inputs, which needs a backend with synchronous reads. The caller disposes the result. */
export function onHost<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  compute: OnNumbers,
  shape: number[],
): T {
  const { output } = runner(() => {
    const values = inputs.map((input) => input.dataSync<"float32">());
    return { inputs, compute, output: tf.tensor(compute(...values), shape) };
  });
  return output as T;
}
