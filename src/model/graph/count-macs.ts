/** What a graph costs: multiply–accumulates of its convs and linear layers. */
import { type Graph, type Parameter, topologicalOrder, type Value } from "./graph.ts";

/**
 * For one image of that size, in pixels; a multiple of the net's alignment.
 * @param counts which convs, by their weight; all unless said
 */
export function countMacs(
  graph: Graph,
  height: number,
  width: number,
  counts: (weight: Parameter) => boolean = () => true,
): number {
  const cells = ({ scale }: Value): number =>
    scale === "pooled" ? 1 : (height / scale) * (width / scale);
  let total = 0;
  for (const value of topologicalOrder(graph)) {
    const { op } = value;
    if ((op.kind !== "conv" && op.kind !== "upconv") || !counts(op.weight)) continue;
    const each = op.weight.shape.reduce((a, b) => a * b, 1);
    // A conv applies its kernel at every cell that comes out, a transposed one at every cell that goes in.
    total += each * cells(op.kind === "conv" ? value : (value.inputs[0] as Value));
  }
  return total;
}
