/** Writes one graph operation as ONNX nodes on [1, C, H, W]; channels are axis 1. */
import type { Op, Parameter, Value } from "../graph/graph.ts";
import { dimensionsOf, type Emitter, patchesName, rowsOf, sizedIfSmall } from "./emitter.ts";
import { emitTlcPooling } from "./tlc-pooling.ts";
import { emitFilterWindows, emitKernelDft, emitLags, emitWindowedDft } from "./windowed-dft.ts";

const unaryOps = {
  relu: "Relu",
  sigmoid: "Sigmoid",
  tanh: "Tanh",
  exp: "Exp",
  log: "Log",
  sqrt: "Sqrt",
} as const;
const binaryOps = { add: "Add", subtract: "Sub", multiply: "Mul", divide: "Div" } as const;

/** Writes the node(s) of `value` on the named inputs and returns the name of its output. */
export function emit(e: Emitter, value: Value, inputs: readonly string[]): string {
  const { op } = value;
  const [x = "", y = ""] = inputs;
  const channels = value.channels;
  const perChannel = [1, channels, 1, 1];
  switch (op.kind) {
    case "input":
      throw new Error("an input node cannot be computed");
    case "parameter":
      return e.parameter(op.values, perChannel);
    case "constant":
      return e.constant(`constant ${op.name}`, perChannel, op.numbers);
    case "conv":
      return conv(e, op, x);
    case "upconv":
      return e.node("ConvTranspose", [x, e.parameter(op.weight), e.parameter(op.bias)], {
        kernel_shape: [op.side, op.side],
        strides: [2, 2],
        pads: [1, 1, 1, 1],
        output_padding: op.side === 3 ? [1, 1] : [0, 0],
      });
    case "unary":
      return op.of === "gelu" ? gelu(e, x, value) : e.node(unaryOps[op.of], [x]);
    case "prelu": {
      // Unlike PRelu, ONNX Runtime fuses it into the conv before.
      const [factor = 0] = e.values(op.factor);
      return e.node("LeakyRelu", [x], { alpha: { float: factor } });
    }
    case "binary":
      return e.node(binaryOps[op.of], [x, y]);
    case "affine":
      return e.node("Add", [e.node("Mul", [x, e.scalar(op.scale)]), e.scalar(op.shift)]);
    case "scale-channels":
      return e.node("Mul", [x, e.parameter(op.factor, perChannel)]);
    case "select": {
      const mask = Uint8Array.from(e.values(op.mask), (v) => (v === 0 ? 0 : 1));
      return e.node("Where", [e.constant(`${op.mask.name} bool`, perChannel, mask), x, y]);
    }
    case "concat":
      return e.node("Concat", inputs, { axis: 1 });
    case "slice":
      return e.node("Slice", [x, e.integers(op.start), e.integers(op.end), e.integers(1)]);
    case "pick":
      return e.node("Gather", [x, e.integers(...op.channels)], { axis: 1 });
    case "softmax":
      return softmax(e, x, channels);
    case "mean-channels":
      return meanChannels(e, x, value.inputs[0]?.channels ?? 1);
    case "standardise":
      return normalise(e, x, value, { correction: channels / (channels - 1) });
    case "layer-norm": {
      const normal = normalise(e, x, value, { epsilon: op.epsilon });
      if (!op.weight || !op.bias) return normal;
      const scaled = e.node("Mul", [normal, e.parameter(op.weight, perChannel)]);
      return e.node("Add", [scaled, e.parameter(op.bias, perChannel)]);
    }
    case "batch-norm-inverse":
      return batchNormInverse(e, op, x, perChannel);
    case "unsquash": {
      const [alpha = 0] = e.values(op.alpha);
      const [normalization = 1] = e.values(op.normalization);
      const scale = normalization / (1 - 2 * alpha);
      return e.node("Add", [e.node("Mul", [x, e.scalar(scale)]), e.scalar(-alpha * scale)]);
    }
    case "batch-statistic":
      throw new Error("batch statistics exist in training only and cannot be written as ONNX");
    case "global-pool":
      return e.node("GlobalAveragePool", [x]);
    case "local-pool":
      return emitTlcPooling(e, x, value, op.window);
    case "pixel-shuffle":
      return e.node("DepthToSpace", [x], { blocksize: 2, mode: "CRD" });
    case "upsample":
      return upsample(e, op, x);
    case "even-cells":
      // A Slice with steps would leave ONNX Runtime's blocked layout.
      return e.node("MaxPool", [x], { kernel_shape: [1, 1], strides: [2, 2] });
    case "halve":
      return e.node("AveragePool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
    case "cut":
      return e.node("Concat", e.pair("Split", [x], { axis: axisOf(op) }), { axis: 0 });
    case "join":
      return e.node("Concat", e.pair("Split", [x], { axis: 0 }), { axis: axisOf(op) });
    case "difference":
      return difference(e, x, op.axis);
    case "neighbour-mean":
      return e.node("AveragePool", [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    case "windowed-dft":
      return emitWindowedDft(e, x, op.band, op.part);
    case "lags":
      return emitLags(e, x, op.band, op.lags);
    case "kernel-dft":
      return emitKernelDft(e, x, Math.sqrt(value.inputs[0]?.channels ?? 1), op.band, op.part);
    case "filter-windows":
      return emitFilterWindows(e, [x, y, inputs[2] ?? ""], channels, op.band);
  }
}

/** Of a height (y) or width (x). */
const axisOf = ({ axis }: { readonly axis: "x" | "y" }): number => (axis === "y" ? 2 : 3);

function upsample(
  e: Emitter,
  { factor, mode }: Extract<Op, { kind: "upsample" }>,
  x: string,
): string {
  const scales = e.constant(`upsample ${factor}`, [4], Float32Array.of(1, 1, factor, factor));
  return e.node(
    "Resize",
    [x, "", scales],
    mode === "linear"
      ? { mode, coordinate_transformation_mode: "half_pixel" }
      : { mode, coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
  );
}

/** x[i + 1] − x[i]; a zero in the last place. */
function difference(e: Emitter, x: string, axis: "x" | "y"): string {
  const along = e.integers(axis === "x" ? 3 : 2);
  const next = e.node("Slice", [x, e.integers(1), e.integers(2 ** 40), along]);
  const here = e.node("Slice", [x, e.integers(0), e.integers(-1), along]);
  const [down, across] = axis === "x" ? [0, 1] : [1, 0];
  return e.node("Pad", [e.node("Sub", [next, here]), e.integers(0, 0, 0, 0, 0, 0, down, across)]);
}

function conv(e: Emitter, op: Extract<Op, { kind: "conv" }>, x: string): string {
  const { weight, bias, side, stride, padding, groups } = op;
  const [out = 0, into = 0] = weight.shape;
  const missing = groups === 1 && side > 1 && into > block ? -into & (block - 1) : 0;
  const dims = [out, into, side, side];
  const operands =
    missing === 0
      ? [x, e.parameter(weight, dims)]
      : [withChannels(e, x, missing), paddedWeight(e, weight, missing)];
  if (bias) operands.push(e.parameter(bias));
  return e.node("Conv", operands, {
    kernel_shape: [side, side],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    group: groups,
  });
}

/**
 * ONNX Runtime's blocked convs need channels in multiples of at most this number; otherwise they take 1.5 times as
 * long.
 */
const block = 16;

/** `x` with `more` additional channels of zeros. */
function withChannels(e: Emitter, x: string, more: number): string {
  return e.once(`${x} and ${more}`, () =>
    e.node("Pad", [x, e.integers(0, 0, 0, 0, 0, more, 0, 0)]),
  );
}

/** Weights [out, in, k, k] with `more` additional input channels of zeros. */
function paddedWeight(e: Emitter, weight: Parameter, more: number): string {
  const [out = 0, into = 0, height = 0, width = 0] = weight.shape;
  const values = e.values(weight);
  const row = into * height * width;
  const padded = new Float32Array(out * (row + more * height * width));
  for (let o = 0; o < out; o++) {
    padded.set(values.subarray(o * row, (o + 1) * row), (o * padded.length) / out);
  }
  return e.constant(`${weight.name} and ${more}`, [out, into + more, height, width], padded);
}

/** ½x(1 + erf(x/√2)), in the shape ONNX Runtime recognises and fuses. */
function gelu(e: Emitter, x: string, value: Value): string {
  const dims = dimensionsOf(value);
  const next = (op: string, ...of: string[]) => sizedIfSmall(e, value, dims, e.node(op, of));
  const erf = next("Erf", next("Div", x, e.scalar(Math.SQRT2)));
  const product = next("Mul", x, next("Add", erf, e.scalar(1)));
  return e.node("Mul", [product, e.scalar(0.5)]);
}

/** ONNX Runtime's own Softmax over channels transposes twice; these nodes take a fifth of the time. */
function softmax(e: Emitter, x: string, channels: number): string {
  const exponential = e.node("Exp", [e.node("Sub", [x, largest(e, x, channels)])]);
  const rows = e.node("Reshape", [exponential, e.integers(0, 0, -1)]);
  const ones = e.constant(`ones ${channels}`, [1, 1, channels], filled(channels, 1));
  const sum = e.node("MatMul", [ones, rows]);
  return e.node("Reshape", [e.node("Div", [rows, sum]), e.node("Shape", [x])]);
}

const filled = (length: number, value: number): Float32Array =>
  new Float32Array(length).fill(value);

/** The maximum of k² channels as that of k groups of k: elementwise, 3 times as fast as ReduceMax. */
function largest(e: Emitter, x: string, channels: number): string {
  const groups = Math.sqrt(channels);
  const reduce = (of: string) => e.node("ReduceMax", [of], { axes: [1], keepdims: 1 });
  if (!Number.isInteger(groups)) return reduce(x);
  const group = (i: number) => {
    const [from, to] = [e.integers(i * groups), e.integers((i + 1) * groups)];
    return e.node("Slice", [x, from, to, e.integers(1)]);
  };
  return reduce(
    e.node(
      "Max",
      Array.from({ length: groups }, (_, i) => group(i)),
    ),
  );
}

/**
 * The mean of k² channels as a mean of k means: a plain sum of 361 values near 1 loses digits that √(1 − σ²) needs
 * for σ near 1.
 */
function meanChannels(e: Emitter, x: string, channels: number): string {
  const groups = Math.sqrt(channels);
  const mean = (of: string) => e.node("ReduceMean", [of], { axes: [1], keepdims: 1 });
  if (!Number.isInteger(groups)) return mean(x);
  const weight = e.constant(
    `means of ${groups}`,
    [groups, groups, 1, 1],
    new Float32Array(channels).fill(1 / groups),
  );
  return mean(e.node("Conv", [x, weight], { kernel_shape: [1, 1], group: groups }));
}

/**
 * (x − mean) / √(correction·variance + ε) over channels at each cell. Works on [1, C, H·W], where means are matrix
 * products and several times faster than ReduceMean; the reshape is free. 1×1 convs would convert the map into ONNX
 * Runtime's blocked layout.
 */
function normalise(
  e: Emitter,
  x: string,
  value: Value,
  options: { correction?: number; epsilon?: number },
): string {
  const { correction = 1, epsilon = 0 } = options;
  const { channels, scale } = value;
  const [one, many] = [rowsOf({ ...value, channels: 1 }), rowsOf(value)];
  const row = (op: string, ...of: string[]) => sizedIfSmall(e, { scale }, one, e.node(op, of));
  const all = (op: string, ...of: string[]) => sizedIfSmall(e, { scale }, many, e.node(op, of));
  const mean = e.constant(`mean of ${channels}`, [1, 1, channels], filled(channels, 1 / channels));
  const rows = all("Reshape", x, e.integers(0, 0, -1));
  const centred = all("Sub", rows, row("MatMul", mean, rows));
  let variance = row("MatMul", mean, all("Mul", centred, centred));
  if (correction !== 1) variance = row("Mul", variance, e.scalar(correction));
  if (epsilon !== 0) variance = row("Add", variance, e.scalar(epsilon));
  const normal = all("Div", centred, row("Sqrt", variance));
  const dims = e.once(`dims of ${channels} at ${scale}${patchesName(value)}`, () =>
    e.node("Shape", [x]),
  );
  return e.node("Reshape", [normal, dims]);
}

/** Running statistics are constants, so the norm is one factor and one shift per channel. */
function batchNormInverse(
  e: Emitter,
  op: Extract<Op, { kind: "batch-norm-inverse" }>,
  x: string,
  dims: readonly number[],
): string {
  const logGamma = e.values(op.logGamma);
  const variance = e.values(op.variance);
  const beta = e.values(op.beta);
  const mean = e.values(op.mean);
  const factor = logGamma.map((g, c) => Math.exp(-g) * Math.sqrt((variance[c] ?? 0) + op.epsilon));
  const shift = mean.map((m, c) => m - (beta[c] ?? 0) * (factor[c] ?? 0));
  const scaled = e.node("Mul", [x, e.constant(`${op.mean.name} factor`, dims, factor)]);
  return e.node("Add", [scaled, e.constant(`${op.mean.name} shift`, dims, shift)]);
}
