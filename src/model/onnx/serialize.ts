/**
 * Serialises a graph and its weights as an ONNX model (opset 17, NCHW, batch 1, any height and width the net
 * accepts).
 */
import { type Graph, topologicalOrder, type Value } from "../graph/graph.ts";
import type { Weights } from "../weights/weights.ts";
import { createEmitter, dimensionsOf } from "./emitter.ts";
import { emit } from "./operations.ts";
import { encodeModel, type OnnxModel, type OnnxPort } from "./proto.ts";

/**
 * Writes the dimensions of every value, because ONNX Runtime does not infer those that depend on the image's size.
 * It keeps a product or sum of two convs in its blocked layout only if their dimensions are known to be equal.
 * Inputs and outputs have the graph's names and the shape [1, channels, height, width] at their own scale.
 * @param change transforms the model before it is encoded; the identity by default
 * @throws Error if the weights lack a parameter (see matchWeights)
 */
export function serializeGraph(
  name: string,
  graph: Graph,
  weights: Weights,
  change: (model: OnnxModel) => OnnxModel = (model) => model,
): Uint8Array<ArrayBuffer> {
  const emitter = createEmitter(weights);
  const names = new Map<Value, string>();
  const inputs: OnnxPort[] = [];
  for (const value of topologicalOrder(graph)) {
    if (value.op.kind === "input") {
      inputs.push({ name: value.op.name, dims: dimensionsOf(value) });
      names.set(value, value.op.name);
    } else {
      const from = value.inputs.map((input) => names.get(input) as string);
      names.set(value, emitter.sized(dimensionsOf(value), emit(emitter, value, from)));
    }
  }
  const outputs = Object.entries(graph).map(([output, value]) => {
    emitter.node("Identity", [names.get(value) as string], {}, output);
    return { name: output, dims: dimensionsOf(value) };
  });
  const { nodes, initializers, inside } = emitter;
  const model = { name, opset: 17, inputs, outputs, inside, nodes, initializers };
  return encodeModel(change(model));
}
