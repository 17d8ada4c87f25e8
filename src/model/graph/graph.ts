/**
 * Defines a net as an immutable expression over channels-by-resolution maps. It fixes neither axis order nor
 * layout, so that one description serves ONNX and TensorFlow.js.
 */

/** A parameter by its published name. Shapes are PyTorch's (conv: [out, in/groups, kh, kw]; linear: [out, in]). */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Image pixels per cell along a side; "pooled": one cell for the whole image, or for each of its patches. */
export type CellScale = number | "pooled";

/** The equal parts an image is cut into, which are processed alone: the images of a batch. */
export interface Patches {
  readonly rows: number;
  readonly columns: number;
}

export type UnaryKind = "relu" | "gelu" | "sigmoid" | "tanh" | "exp" | "log" | "sqrt";
export type BinaryKind = "add" | "subtract" | "multiply" | "divide";

/** The real or the imaginary part of complex values. */
export type ComplexPart = "re" | "im";

/** Which frequencies of a DFT are kept: `full`, or those up to a quarter of the sampling rate, `low`. */
export type Band = "full" | "low";

/** Which shifts of a correlation are kept: `even` one in each direction, `odd` every second one. */
export type Lags = "even" | "odd";

export type Op =
  | { readonly kind: "input"; readonly name: string }
  /** A parameter with one number per channel, as a pooled map. */
  | { readonly kind: "parameter"; readonly values: Parameter }
  /** Fixed numbers, one per channel, as a pooled map; equal names are equal numbers. */
  | { readonly kind: "constant"; readonly name: string; readonly numbers: Float32Array }
  /** Square kernel, zero padding. A linear layer is a conv of side 1. */
  | {
      readonly kind: "conv";
      readonly weight: Parameter;
      readonly bias?: Parameter;
      readonly side: number;
      readonly stride: number;
      readonly padding: number;
      readonly groups: number;
    }
  /** Transposed conv, stride 2, padding 1: 3×3 with output padding 1, or 4×4; exactly doubles the resolution. */
  | {
      readonly kind: "upconv";
      readonly weight: Parameter;
      readonly bias: Parameter;
      readonly side: 3 | 4;
    }
  | { readonly kind: "unary"; readonly of: UnaryKind }
  /** x where positive, factor·x elsewhere; the factor is one number. */
  | { readonly kind: "prelu"; readonly factor: Parameter }
  /** Elementwise; one channel or one cell is broadcast. */
  | { readonly kind: "binary"; readonly of: BinaryKind }
  /** scale·x + shift with constant numbers. */
  | { readonly kind: "affine"; readonly scale: number; readonly shift: number }
  /** Each channel times its own factor. */
  | { readonly kind: "scale-channels"; readonly factor: Parameter }
  /** mask·a + (1 − mask)·b, the mask 0 or 1 per channel. */
  | { readonly kind: "select"; readonly mask: Parameter }
  | { readonly kind: "concat" }
  /** Channels [start, end). */
  | { readonly kind: "slice"; readonly start: number; readonly end: number }
  /** The listed channels, in that order. */
  | { readonly kind: "pick"; readonly channels: readonly number[] }
  | { readonly kind: "softmax" }
  /** Mean over channels. */
  | { readonly kind: "mean-channels" }
  /** (x − mean) / std over channels, std with divisor C − 1. */
  | { readonly kind: "standardise" }
  /** Layer norm over channels at each cell, biased variance; weight and bias both or neither. */
  | {
      readonly kind: "layer-norm";
      readonly weight?: Parameter;
      readonly bias?: Parameter;
      readonly epsilon: number;
    }
  /** The inverse of the flow's batch norm with running statistics: (y − β)·e^(−log γ)·√(var + ε) + mean. */
  | {
      readonly kind: "batch-norm-inverse";
      readonly logGamma: Parameter;
      readonly beta: Parameter;
      readonly mean: Parameter;
      readonly variance: Parameter;
      readonly epsilon: number;
    }
  /** normalization·(x − α)/(1 − 2α), both read from the weights. */
  | {
      readonly kind: "unsquash";
      readonly alpha: Parameter;
      readonly normalization: Parameter;
    }
  /** Each channel's mean, or unbiased variance, over the batch and all cells; for training only. */
  | { readonly kind: "batch-statistic"; readonly of: "mean" | "variance" }
  | { readonly kind: "global-pool" }
  /** Mean over a window of that side, stride 1, clipped to the map and replicate-padded back (TLC). */
  | { readonly kind: "local-pool"; readonly window: number }
  /** PixelShuffle by 2: channels 4c → c. */
  | { readonly kind: "pixel-shuffle" }
  | { readonly kind: "upsample"; readonly factor: number; readonly mode: "nearest" | "linear" }
  /** The cells of even rows and columns: half the resolution, without a filter. */
  | { readonly kind: "even-cells" }
  /** Means of 2×2 cells: half the resolution. */
  | { readonly kind: "halve" }
  /** Cuts every image into its two halves, top and bottom (y) or left and right (x). */
  | { readonly kind: "cut"; readonly axis: "x" | "y" }
  /** The opposite of `cut`. */
  | { readonly kind: "join"; readonly axis: "x" | "y" }
  /** x[i + 1] − x[i] along an axis; 0 at the last place. */
  | { readonly kind: "difference"; readonly axis: "x" | "y" }
  /** Mean over a cell and those of its eight neighbours that exist. */
  | { readonly kind: "neighbour-mean" }
  /** One part of the DFT of every window of a one-channel image, tapered; outside the image are zeros (see dft.ts). */
  | { readonly kind: "windowed-dft"; readonly band: Band; readonly part: ComplexPart }
  /** Inverse DFT of a power spectrum (even) or of i times an odd one, at the listed shifts (see dft.ts). */
  | { readonly kind: "lags"; readonly band: Band; readonly lags: Lags }
  /** One part of the DFT of each kernel, its centre at the origin. */
  | { readonly kind: "kernel-dft"; readonly band: Band; readonly part: ComplexPart }
  /**
   * Changes an image by a filter per window: inputs image, real and imaginary part of the filter. Each channel's
   * window, without its mean and tapered, is multiplied by the filter; the middles are cross-faded (see dft.ts).
   */
  | { readonly kind: "filter-windows"; readonly band: Band };

/** One node: an operation on values, and the shape of its output. */
export interface Value {
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly channels: number;
  readonly scale: CellScale;
  /** undefined: the image is whole. */
  readonly patches?: Patches;
}

/** Named outputs; the graph's inputs are the `input` nodes below them. */
export type Graph = Readonly<Record<string, Value>>;

/** All nodes below the outputs, each once and after its inputs. */
export function topologicalOrder(graph: Graph): Value[] {
  const order: Value[] = [];
  const seen = new Set<Value>();
  // An explicit stack, because the nets are chains of several hundred nodes.
  const stack = Object.values(graph).toReversed();
  while (stack.length > 0) {
    const value = stack.at(-1) as Value;
    const waiting = seen.has(value) ? [] : value.inputs.filter((input) => !seen.has(input));
    if (waiting.length > 0) {
      stack.push(...waiting.toReversed());
      continue;
    }
    stack.pop();
    if (!seen.has(value)) order.push(value);
    seen.add(value);
  }
  return order;
}

/** Number of maps for one image: 1, or one for each of its patches. */
export function mapsOf({ patches }: Pick<Value, "patches">): number {
  return patches === undefined ? 1 : patches.rows * patches.columns;
}

/** The nodes that read each node, with repetitions. */
export function readersOf(graph: Graph): Map<Value, Value[]> {
  const order = topologicalOrder(graph);
  const readers = new Map<Value, Value[]>(order.map((value) => [value, []]));
  for (const value of order) {
    for (const input of value.inputs) readers.get(input)?.push(value);
  }
  return readers;
}

/** The parameters an operation reads. */
export function parametersOf(op: Op): Parameter[] {
  return Object.values(op).filter(
    (field): field is Parameter => typeof field === "object" && field !== null && "shape" in field,
  );
}

/** The parameters that a graph reads, each once, in order of use. */
export function parameters(graph: Graph): Parameter[] {
  const byName = new Map<string, Parameter>();
  for (const { op } of topologicalOrder(graph)) {
    for (const parameter of parametersOf(op)) byName.set(parameter.name, parameter);
  }
  return [...byName.values()];
}

/** Replaces every node by the result of `change`, which receives the node with replaced inputs, and the original. */
export function rewrite<G extends Graph>(
  graph: G,
  change: (value: Value, original: Value) => Value,
): G {
  const changed = new Map<Value, Value>();
  for (const original of topologicalOrder(graph)) {
    const inputs = original.inputs.map((input) => changed.get(input) as Value);
    changed.set(original, change({ ...original, inputs }, original));
  }
  const outputs = Object.entries(graph).map(([name, value]) => [name, changed.get(value)]);
  return Object.fromEntries(outputs) as G;
}

/** The nearest node at or below `value` that `matches`. @throws Error if there is none */
export function findValue(value: Value, matches: (value: Value) => boolean): Value {
  const found = topologicalOrder({ value }).findLast(matches);
  if (!found) throw new Error("no node matches");
  return found;
}
