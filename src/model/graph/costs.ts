/** Computes what a graph costs: multiply–accumulates, and the largest tensor. */
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

/** Values of the largest map there is while a graph is computed for an image of `height` × `width`, batch 1. */
export function largestMap(graph: Graph, height: number, width: number): number {
  return Math.max(...topologicalOrder(graph).map((value) => sizeOf(value, height, width)));
}

function sizeOf({ op, channels, scale }: Value, height: number, width: number): number {
  if (scale === "pooled") return channels;
  // A window's sums begin with a row and a column of zeros.
  const border = op.kind === "local-pool" ? 1 : 0;
  return channels * (height / scale + border) * (width / scale + border);
}

/**
 * The longest side, a multiple of `alignment`, of a square image none of whose maps in `graphs` has more than
 * `most` values; 0 where there is none.
 */
export function largestSquare(graphs: readonly Graph[], alignment: number, most: number): number {
  const fits = (side: number) => graphs.every((graph) => largestMap(graph, side, side) <= most);
  let side = 0;
  // All maps grow with the image; 2^15 is beyond any tile.
  for (let step = 2 ** 15; step >= alignment; step /= 2) if (fits(side + step)) side += step;
  return side;
}
