/** Computes what a graph costs: multiply–accumulates, and the largest tensor. */
import { type Graph, type Parameter, topologicalOrder, type Value } from "./graph.ts";

/**
 * Multiply–accumulates of convs and linear layers for one image of that size, in pixels, a multiple of the
 * alignment.
 * @param counts selects convs by their weight; all by default
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
    // A conv applies its kernel at every output cell, a transposed conv at every input cell.
    total += each * cells(op.kind === "conv" ? value : (value.inputs[0] as Value));
  }
  return total;
}

/** Number of values of the largest map while a graph is computed for one image of `height` × `width`. */
export function largestMap(graph: Graph, height: number, width: number): number {
  return Math.max(...topologicalOrder(graph).map((value) => sizeOf(value, height, width)));
}

function sizeOf({ op, channels, scale }: Value, height: number, width: number): number {
  if (scale === "pooled") return channels;
  // The window's sums have an extra row and column of zeros.
  const border = op.kind === "local-pool" ? 1 : 0;
  return channels * (height / scale + border) * (width / scale + border);
}

/**
 * The longest side, a multiple of `alignment`, of a square image whose maps in `graphs` all have at most `most`
 * values; 0 if none fits.
 */
export function largestSquare(graphs: readonly Graph[], alignment: number, most: number): number {
  const fits = (side: number) => graphs.every((graph) => largestMap(graph, side, side) <= most);
  let side = 0;
  // All maps grow with the image; 2^15 is beyond any tile.
  for (let step = 2 ** 15; step >= alignment; step /= 2) if (fits(side + step)) side += step;
  return side;
}
