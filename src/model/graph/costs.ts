/** Computes what a graph costs: multiply–accumulates, and the largest tensor. */
import { frequencies, middleSide, shifts, windowSide, windowStride } from "./dft.ts";
import {
  type Band,
  type Graph,
  mapsOf,
  type Parameter,
  topologicalOrder,
  type Value,
} from "./graph.ts";

/**
 * Multiply–accumulates of convs, linear layers and products with DFT matrices for one image of that size, in pixels,
 * a multiple of the alignment.
 * @param counts selects convs by their weight; by default all, and the DFTs
 */
export function countMacs(
  graph: Graph,
  height: number,
  width: number,
  counts?: (weight: Parameter) => boolean,
): number {
  const cells = (value: Value): number => {
    const { scale } = value;
    return scale === "pooled" ? mapsOf(value) : (height / scale) * (width / scale);
  };
  const windows = (height / windowStride) * (width / windowStride);
  let total = 0;
  for (const value of topologicalOrder(graph)) {
    const { op } = value;
    if (op.kind !== "conv" && op.kind !== "upconv") {
      if (counts === undefined) total += dftMacs(value) * windows;
      continue;
    }
    if (counts?.(op.weight) === false) continue;
    const each = op.weight.shape.reduce((a, b) => a * b, 1);
    // A conv applies its kernel at every output cell, a transposed conv at every input cell.
    total += each * cells(op.kind === "conv" ? value : (value.inputs[0] as Value));
  }
  return total;
}

/** Multiply–accumulates of a windowed operation for each window, as the matrices of dft.ts are applied. */
function dftMacs({ op, inputs, channels }: Value): number {
  if (!("band" in op)) return 0;
  const { rows, columns } = frequencies(op.band);
  switch (op.kind) {
    case "windowed-dft":
      return columnMacs(op.band) + rowMacs(op.band);
    case "lags": {
      const to = shifts(op.lags);
      const across = 2 * to.columns.length;
      return rows.length * across * (columns.length + to.rows.length);
    }
    case "kernel-dft": {
      const side = Math.sqrt((inputs[0] as Value).channels);
      return 2 * columns.length * side * (side + rows.length);
    }
    case "filter-windows": {
      const lines = rows.length * columns.length * 2 * middleSide * 2;
      const back = lines + 2 * rows.length * middleSide * windowStride;
      return channels * (columnMacs(op.band) + 2 * rowMacs(op.band) + back);
    }
  }
}

/** Columns of a window are shared with those that overlap it across: only a stride of them is new. */
const columnMacs = (band: Band): number =>
  2 * frequencies(band).rows.length * windowSide * windowStride;

/** One part of the spectrum. */
function rowMacs(band: Band): number {
  const { rows, columns } = frequencies(band);
  return rows.length * columns.length * 2 * windowSide;
}

/** Number of values of the largest map while a graph is computed for one image of `height` × `width`. */
export function largestMap(graph: Graph, height: number, width: number): number {
  return Math.max(...topologicalOrder(graph).map((value) => sizeOf(value, height, width)));
}

function sizeOf({ op, channels, scale }: Value, height: number, width: number): number {
  if (scale === "pooled") return channels;
  // The window's sums have an extra row and column of zeros.
  const border = op.kind === "local-pool" ? 1 : 0;
  if (op.kind === "filter-windows") {
    const { rows, columns } = frequencies(op.band);
    return (
      channels * rows.length * columns.length * (height / windowStride) * (width / windowStride)
    );
  }
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
