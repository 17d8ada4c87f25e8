/**
 * Converts weights between PyTorch's layouts and the layout that `evaluate` uses. Only this module and the
 * operations depend on that layout; elementwise work such as an optimizer's does not.
 */
import * as tf from "@tensorflow/tfjs-core";
import {
  type Graph,
  type Op,
  type Parameter,
  parametersOf,
  topologicalOrder,
} from "../graph/graph.ts";
import type { Tensor, Weights } from "../weights/weights.ts";

/** Tensors or variables by published name, in the layout of `importParameters`. */
export type Parameters = ReadonlyMap<string, tf.Tensor>;

/** Permutations of axes between PyTorch's layouts and ours. */
const oihwToHwio = [2, 3, 1, 0];
const oihwToHwoi = [2, 3, 0, 1];
const hwioToOihw = [3, 2, 0, 1];
const hwoiToOihw = [2, 3, 0, 1];

/**
 * A tensor for each parameter that the graph reads; the caller disposes them.
 * @throws Error if the weights lack one (see matchWeights)
 */
export function importParameters(graph: Graph, weights: Weights): Map<string, tf.Tensor> {
  const tensors = new Map<string, tf.Tensor>();
  for (const [parameter, op] of readers(graph)) {
    const tensor = weights.get(parameter.name);
    if (!tensor) throw new Error(`the weights lack ${parameter.name}`);
    tensors.set(
      parameter.name,
      tf.tidy(() => {
        const shape = isKernel(parameter, op) ? oihwOf(parameter, op) : [tensor.data.length];
        const loaded = tf.tensor(tensor.data, shape, "float32");
        return isKernel(parameter, op)
          ? tf.transpose(loaded, isDepthwise(op) ? oihwToHwoi : oihwToHwio)
          : loaded;
      }),
    );
  }
  return tensors;
}

/**
 * The reverse of `importParameters`: published names, shapes and layouts. Waits for the backend; disposes nothing.
 */
export async function exportParameters(
  graph: Graph,
  tensors: Parameters,
): Promise<Map<string, Tensor>> {
  const weights = new Map<string, Tensor>();
  for (const [parameter, op] of readers(graph)) {
    const tensor = tensors.get(parameter.name);
    if (!tensor) throw new Error(`tensor ${parameter.name} is missing`);
    const published = isKernel(parameter, op)
      ? tf.transpose(tensor, isDepthwise(op) ? hwoiToOihw : hwioToOihw)
      : tensor.clone();
    const data = (await published.data()) as Float32Array;
    published.dispose();
    weights.set(parameter.name, { shape: parameter.shape, data });
  }
  return weights;
}

/** Each parameter with an operation that reads it. */
function readers(graph: Graph): Map<Parameter, Op> {
  const found = new Map<string, [Parameter, Op]>();
  for (const { op } of topologicalOrder(graph)) {
    for (const parameter of parametersOf(op)) found.set(parameter.name, [parameter, op]);
  }
  return new Map(found.values());
}

/** True for kernels, whose axes are permuted; all other parameters are one number per channel. */
function isKernel(parameter: Parameter, op: Op): boolean {
  return (op.kind === "conv" || op.kind === "upconv") && parameter.name === op.weight.name;
}

function isDepthwise(op: Op): boolean {
  return op.kind === "conv" && op.groups > 1;
}

/** Shape of a kernel as OIHW; a linear layer's weight [out, in] is a kernel of side 1. */
function oihwOf({ shape }: Parameter, op: Op): number[] {
  const [out = 0, into = 0] = shape;
  const side = op.kind === "conv" || op.kind === "upconv" ? op.side : 1;
  return [out, into, side, side];
}
