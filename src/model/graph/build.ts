/** Builds the nodes of a graph: each function checks its inputs and derives the shape of the output. */
import { frequencies, shifts, windowSide, windowStride } from "./dft.ts";
import type {
  Band,
  BinaryKind,
  CellScale,
  ComplexPart,
  Lags,
  Op,
  Parameter,
  Patches,
  UnaryKind,
  Value,
} from "./graph.ts";

/** The inputs must be cut alike; values that are the same for every image have no patches. */
const node = (op: Op, inputs: readonly Value[], channels: number, scale: CellScale): Value => {
  const cut = inputs.find(({ patches }) => patches !== undefined);
  const other = inputs.find((value) => !isSpread(value, cut?.patches));
  if (cut && other) throw new Error(`${op.kind}: ${describe(cut)} and ${describe(other)}`);
  return { op, inputs, channels, scale, ...(cut?.patches && { patches: cut.patches }) };
};

/** True for a value that is cut into these patches, or that has one cell for all of them. */
function isSpread({ scale, patches }: Value, wanted: Patches | undefined): boolean {
  if (patches === undefined) return scale === "pooled" || wanted === undefined;
  return patches.rows === wanted?.rows && patches.columns === wanted.columns;
}

/** Same shape as `x`. */
const like = (x: Value, op: Op): Value => node(op, [x], x.channels, x.scale);

const parameter = (name: string, ...shape: number[]): Parameter => ({ name, shape });

/** An input of the graph: `channels` at `scale` image pixels per cell. */
export function input(name: string, channels: number, scale = 1): Value {
  return node({ kind: "input", name }, [], channels, scale);
}

/** Parameter `name` with one number per channel. */
export function perChannel(name: string, channels: number): Value {
  return node({ kind: "parameter", values: parameter(name, channels) }, [], channels, "pooled");
}

/** Fixed numbers, one per channel. `name` identifies them. */
export function constant(name: string, numbers: Float32Array): Value {
  return node({ kind: "constant", name, numbers }, [], numbers.length, "pooled");
}

export interface ConvOptions {
  /** Kernel side; 3 by default. */
  readonly side?: number;
  readonly stride?: number;
  readonly depthwise?: boolean;
  readonly bias?: boolean;
}

/** Convolution `name` to `out` channels. Padding keeps the size at stride 1; side = stride needs none. */
export function conv(x: Value, name: string, out: number, options: ConvOptions = {}): Value {
  const { side = 3, stride = 1, depthwise = false, bias = true } = options;
  const groups = depthwise ? x.channels : 1;
  const op: Op = {
    kind: "conv",
    weight: parameter(`${name}.weight`, out, x.channels / groups, side, side),
    ...(bias && { bias: parameter(`${name}.bias`, out) }),
    side,
    stride,
    padding: side === stride ? 0 : (side - 1) / 2,
    groups,
  };
  return node(op, [x], out, x.scale === "pooled" ? "pooled" : x.scale * stride);
}

/** A linear layer at every cell: PyTorch's Linear `name`, weight [out, in]. */
export function linear(x: Value, name: string, out: number): Value {
  const weight = parameter(`${name}.weight`, out, x.channels);
  const bias = parameter(`${name}.bias`, out);
  return node(
    { kind: "conv", weight, bias, side: 1, stride: 1, padding: 0, groups: 1 },
    [x],
    out,
    x.scale,
  );
}

/** Transposed conv `name` that doubles the resolution; weight [in, out, side, side]. */
export function upconv(x: Value, name: string, out: number, side: 3 | 4 = 3): Value {
  const weight = parameter(`${name}.weight`, x.channels, out, side, side);
  const bias = parameter(`${name}.bias`, out);
  return node({ kind: "upconv", weight, bias, side }, [x], out, finer(x, 2));
}

const unary = (of: UnaryKind) => (x: Value) => like(x, { kind: "unary", of });
export const relu: (x: Value) => Value = unary("relu");
/** The exact (erf) form. */
export const gelu: (x: Value) => Value = unary("gelu");
export const sigmoid: (x: Value) => Value = unary("sigmoid");
export const tanh: (x: Value) => Value = unary("tanh");
export const exp: (x: Value) => Value = unary("exp");
export const log: (x: Value) => Value = unary("log");
export const sqrt: (x: Value) => Value = unary("sqrt");

/** Parametric ReLU with one factor, parameter `name`. */
export const prelu = (x: Value, name: string): Value =>
  like(x, { kind: "prelu", factor: parameter(name, 1) });

const binary = (of: BinaryKind) => (a: Value, b: Value) => {
  const channels = Math.max(a.channels, b.channels);
  const fits = (v: Value) => v.channels === channels || v.channels === 1;
  const scale = a.scale === "pooled" ? b.scale : a.scale;
  if (!fits(a) || !fits(b) || ![a, b].every((v) => v.scale === scale || v.scale === "pooled")) {
    throw new Error(`${of}: ${describe(a)} and ${describe(b)} do not match`);
  }
  return node({ kind: "binary", of }, [a, b], channels, scale);
};
export const add: (a: Value, b: Value) => Value = binary("add");
export const subtract: (a: Value, b: Value) => Value = binary("subtract");
export const multiply: (a: Value, b: Value) => Value = binary("multiply");
export const divide: (a: Value, b: Value) => Value = binary("divide");

/** scale·x + shift. */
export function affine(x: Value, scale: number, shift: number): Value {
  return like(x, { kind: "affine", scale, shift });
}

/** Each channel times parameter `name`, whose published shape may be [c] or [1, c, 1, 1]. */
export function scaleChannels(x: Value, name: string, shape: readonly number[]): Value {
  return like(x, { kind: "scale-channels", factor: { name, shape } });
}

/** Channels of `a` where mask `name` is 1, of `b` where it is 0. */
export function select(name: string, a: Value, b: Value): Value {
  return node({ kind: "select", mask: parameter(name, a.channels) }, [a, b], a.channels, a.scale);
}

/** Channels of the first value, then those of the others. */
export function concat(first: Value, ...others: readonly Value[]): Value {
  const values = [first, ...others];
  const odd = others.find(({ scale }) => scale !== first.scale);
  if (odd) throw new Error(`concat: ${describe(first)} and ${describe(odd)}`);
  const channels = values.reduce((sum, value) => sum + value.channels, 0);
  return node({ kind: "concat" }, values, channels, first.scale);
}

/** The two halves of the channels. */
export function split(x: Value): [Value, Value] {
  const half = x.channels / 2;
  const part = (start: number): Value =>
    node({ kind: "slice", start, end: start + half }, [x], half, x.scale);
  return [part(0), part(half)];
}

/** The listed channels of `x`, in that order; picks from a concatenation or another pick are simplified. */
export function pick(x: Value, channels: readonly number[]): Value {
  if (channels.length === x.channels && channels.every((c, i) => c === i)) return x;
  if (x.op.kind === "pick") {
    const from = x.op.channels;
    return pick(
      x.inputs[0] as Value,
      channels.map((c) => from[c] as number),
    );
  }
  if (x.op.kind === "concat" && x.inputs.length === 2) {
    const [a, b] = x.inputs as [Value, Value];
    if (channels.every((c) => c < a.channels)) return pick(a, channels);
    if (channels.every((c) => c >= a.channels)) {
      return pick(
        b,
        channels.map((c) => c - a.channels),
      );
    }
  }
  return node({ kind: "pick", channels }, [x], channels.length, x.scale);
}

export const softmax = (x: Value): Value => like(x, { kind: "softmax" });
export const standardise = (x: Value): Value => like(x, { kind: "standardise" });
export const meanChannels = (x: Value): Value => node({ kind: "mean-channels" }, [x], 1, x.scale);

/** Layer norm `name` over channels. */
export function layerNorm(x: Value, name: string, epsilon: number): Value {
  const weight = parameter(`${name}.weight`, x.channels);
  const bias = parameter(`${name}.bias`, x.channels);
  return like(x, { kind: "layer-norm", weight, bias, epsilon });
}

/** The inverse of the flow's batch norm `name`. */
export function batchNormInverse(y: Value, name: string, epsilon: number): Value {
  const of = (field: string) => parameter(`${name}.${field}`, y.channels);
  return like(y, {
    kind: "batch-norm-inverse",
    logGamma: of("log_gamma"),
    beta: of("beta"),
    mean: of("running_mean"),
    variance: of("running_var"),
    epsilon,
  });
}

/** normalization·(x − α)/(1 − 2α) with both buffers of `name`. */
export function unsquash(x: Value, name: string): Value {
  return like(x, {
    kind: "unsquash",
    alpha: parameter(`${name}.alpha`, 1),
    normalization: parameter(`${name}.normalization`, 1),
  });
}

export const batchMean = (x: Value): Value =>
  node({ kind: "batch-statistic", of: "mean" }, [x], x.channels, "pooled");
/** Divisor n − 1. */
export const batchVariance = (x: Value): Value =>
  node({ kind: "batch-statistic", of: "variance" }, [x], x.channels, "pooled");

export const globalPool = (x: Value): Value =>
  node({ kind: "global-pool" }, [x], x.channels, "pooled");
/** Window side in cells of `x`. */
export const localPool = (x: Value, window: number): Value =>
  like(x, { kind: "local-pool", window });

/** 4c channels → c channels at twice the resolution. */
export const pixelShuffle = (x: Value): Value =>
  node({ kind: "pixel-shuffle" }, [x], x.channels / 4, finer(x, 2));
/** Nearest neighbour, or linear between the cells' centres. */
export const upsample = (
  x: Value,
  factor: number,
  mode: "nearest" | "linear" = "nearest",
): Value =>
  factor === 1 ? x : node({ kind: "upsample", factor, mode }, [x], x.channels, finer(x, factor));

/** The cells of even rows and columns. */
export const evenCells = (x: Value): Value =>
  node({ kind: "even-cells" }, [x], x.channels, coarser(x));
/** Means of 2×2 cells: bilinear interpolation by a half. */
export const halve = (x: Value): Value => node({ kind: "halve" }, [x], x.channels, coarser(x));

/** Cuts the image, or each of its patches, into two; its side along `axis` must be even. */
export function cut(x: Value, axis: "x" | "y"): Value {
  return { ...node({ kind: "cut", axis }, [x], x.channels, x.scale), ...patched(x, axis, 2) };
}

/** Joins the halves of the latest `cut` along `axis`. */
export function join(x: Value, axis: "x" | "y"): Value {
  if (x.patches?.[axis === "y" ? "rows" : "columns"] !== 2) {
    throw new Error(`join along ${axis}: ${describe(x)}`);
  }
  const { patches: _, ...joined } = node({ kind: "join", axis }, [x], x.channels, x.scale);
  return { ...joined, ...patched(x, axis, 0.5) };
}

/** The patches of `x` with `times` as many along an axis; none for one patch. */
function patched({ patches }: Value, axis: "x" | "y", times: number): Pick<Value, "patches"> {
  const { rows, columns } = patches ?? { rows: 1, columns: 1 };
  const now = axis === "y" ? { rows: rows * times, columns } : { rows, columns: columns * times };
  return now.rows * now.columns === 1 ? {} : { patches: now };
}

export const difference = (x: Value, axis: "x" | "y"): Value =>
  like(x, { kind: "difference", axis });
export const neighbourMean = (x: Value): Value => like(x, { kind: "neighbour-mean" });

/** One part of every window's DFT: [1, h, w] → [frequencies, h/16, w/16]. */
export function windowedDft(x: Value, band: Band, part: ComplexPart): Value {
  if (x.scale !== 1 || x.channels !== 1) throw new Error(`windowed-dft: ${describe(x)}`);
  return node({ kind: "windowed-dft", band, part }, [x], countOf(frequencies(band)), windowStride);
}

/** A correlation at the listed shifts from its spectrum: [frequencies, h, w] → [shifts, h, w]. */
export function lagsOf(spectrum: Value, band: Band, lags: Lags): Value {
  checkSpectrum(spectrum, band);
  const op: Op = { kind: "lags", band, lags };
  return node(op, [spectrum], countOf(shifts(lags)), spectrum.scale);
}

/** One part of each kernel's DFT: [k², h, w] → [frequencies, h, w]. */
export function kernelDft(kernels: Value, band: Band, part: ComplexPart): Value {
  const side = Math.sqrt(kernels.channels);
  if (!Number.isInteger(side) || side > windowSide)
    throw new Error(`kernel-dft: ${describe(kernels)}`);
  const op: Op = { kind: "kernel-dft", band, part };
  return node(op, [kernels], countOf(frequencies(band)), kernels.scale);
}

/** The image [c, h, w] changed by the filter [frequencies, h/16, w/16] of each window: [c, h, w]. */
export function filterWindows(image: Value, re: Value, im: Value): Value {
  for (const part of [re, im]) checkSpectrum(part, "full");
  return node({ kind: "filter-windows", band: "full" }, [image, re, im], image.channels, 1);
}

const countOf = ({ rows, columns }: { rows: ArrayLike<number>; columns: ArrayLike<number> }) =>
  rows.length * columns.length;

function checkSpectrum(x: Value, band: Band): void {
  if (x.channels === countOf(frequencies(band)) && x.scale === windowStride) return;
  throw new Error(`expected a spectrum (${band}) but found ${describe(x)}`);
}

function finer(x: Value, factor: number): number {
  if (x.scale === "pooled") throw new Error("a pooled value has no resolution");
  return x.scale / factor;
}

function coarser(x: Value): number {
  if (x.scale === "pooled") throw new Error("a pooled value has no resolution");
  return x.scale * 2;
}

function describe({ channels, scale, patches }: Value): string {
  const parts = patches ? ` in ${patches.rows}×${patches.columns} patches` : "";
  return `${channels} channels at scale ${scale}${parts}`;
}
