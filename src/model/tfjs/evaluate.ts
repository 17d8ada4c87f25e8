/**
 * Evaluates a graph on TensorFlow.js tensors (NHWC maps). The evaluation is differentiable (tf.grad,
 * tf.variableGrads) and disposes a map as soon as no later operation reads it.
 */
import * as tf from "@tensorflow/tfjs-core";
import { type Graph, readersOf, topologicalOrder, type Value } from "../graph/graph.ts";
import { compute } from "./operations.ts";
import type { Parameters } from "./parameters.ts";

/**
 * The outputs of the graph as [n, height, width, channels]. The caller disposes them, and still owns inputs and
 * parameters.
 * @throws Error with the name of a missing input or parameter
 */
export function evaluate<G extends Graph>(
  graph: G,
  inputs: Readonly<Record<string, tf.Tensor4D>>,
  parameters: Parameters,
): { [K in keyof G]: tf.Tensor4D } {
  const parameter = ({ name }: { readonly name: string }): tf.Tensor => {
    const tensor = parameters.get(name);
    if (!tensor) throw new Error(`parameter ${name} is missing`);
    return tensor;
  };
  return tf.tidy(() => {
    const reads = countReads(graph);
    const tensors = new Map<Value, tf.Tensor4D>();
    for (const value of topologicalOrder(graph)) {
      if (value.op.kind === "input") {
        tensors.set(value, inputNamed(value.op.name, inputs));
        continue;
      }
      const operands = value.inputs.map((input) => tensors.get(input) as tf.Tensor4D);
      tensors.set(
        value,
        tf.tidy(() => compute(value, operands, parameter)),
      );
      for (const input of value.inputs) {
        const left = (reads.get(input) as number) - 1;
        reads.set(input, left);
        // The gradient tape holds its own handles to the values it needs.
        if (left === 0 && input.op.kind !== "input") tensors.get(input)?.dispose();
      }
    }
    const outputs = Object.entries(graph).map(([name, value]) => [name, tensors.get(value)]);
    return Object.fromEntries(outputs) as { [K in keyof G]: tf.Tensor4D };
  });
}

/** Number of reads of each value; outputs have one more, by the caller. */
function countReads(graph: Graph): Map<Value, number> {
  const counts = new Map([...readersOf(graph)].map(([value, readers]) => [value, readers.length]));
  for (const output of Object.values(graph)) {
    counts.set(output, (counts.get(output) as number) + 1);
  }
  return counts;
}

function inputNamed(name: string, inputs: Readonly<Record<string, tf.Tensor4D>>): tf.Tensor4D {
  const tensor = inputs[name];
  if (!tensor) throw new Error(`input ${name} is missing`);
  return tensor;
}
