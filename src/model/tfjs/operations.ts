/** Computes one graph operation on NHWC tensors from plain TensorFlow.js operations, which have gradients. */
import * as tf from "@tensorflow/tfjs-core";
import type { Op, Parameter, Value } from "../graph/graph.ts";
import {
  leanAdd,
  leanGelu,
  leanHalve,
  leanNormalise,
  leanPrelu,
  leanSlice,
} from "./lean-operations.ts";
import { computeCut, computeJoin } from "./patches.ts";
import { computeTlcPooling } from "./tlc-pooling.ts";
import {
  computeFilterWindows,
  computeKernelDft,
  computeLags,
  computeWindowedDft,
} from "./windowed-dft.ts";

type Map4 = tf.Tensor4D;
/** Returns the tensor of a parameter. */
export type Lookup = (parameter: Parameter) => tf.Tensor;

const unaryOps = {
  relu: tf.relu,
  gelu: leanGelu,
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  exp: tf.exp,
  log: tf.log,
  sqrt: tf.sqrt,
} as const;
const binaryOps = { add: leanAdd, subtract: tf.sub, multiply: tf.mul, divide: tf.div } as const;

/** The value of a node as a new tensor, from the tensors of its inputs. The caller's tidy disposes intermediates. */
export function compute(value: Value, inputs: readonly Map4[], of: Lookup): Map4 {
  const { op } = value;
  const [x, y] = inputs as [Map4, Map4];
  switch (op.kind) {
    case "input":
      throw new Error("an input node cannot be computed");
    case "parameter":
      return tf.reshape(of(op.values), [1, 1, 1, value.channels]);
    case "constant":
      return tf.tensor4d(op.numbers, [1, 1, 1, value.channels]);
    case "conv":
      return conv(op, x, of);
    case "upconv":
      return upconv(op, x, of);
    case "unary":
      return unaryOps[op.of](x);
    case "prelu":
      return leanPrelu(x, of(op.factor) as tf.Tensor1D);
    case "binary":
      return binaryOps[op.of](x, y);
    case "affine":
      return tf.add(tf.mul(x, op.scale), op.shift);
    case "scale-channels":
      return tf.mul(x, of(op.factor));
    case "select":
      return tf.where(tf.notEqual(of(op.mask), 0), x, y);
    case "concat":
      return tf.concat([...inputs], 3);
    case "slice":
      return leanSlice(x, op.start, op.end);
    case "pick":
      return tf.gather(x, tf.tensor1d([...op.channels], "int32"), 3);
    case "softmax":
      return tf.softmax(x);
    case "mean-channels":
      return meanChannels(x);
    case "standardise": {
      const correction = value.channels / (value.channels - 1);
      const { centred, variance } = moments(x);
      return tf.div(centred, tf.sqrt(tf.mul(variance, correction)));
    }
    case "layer-norm": {
      const normal = leanNormalise(x, op.epsilon);
      if (!op.weight || !op.bias) return normal;
      return tf.add(tf.mul(normal, of(op.weight)), of(op.bias));
    }
    case "batch-norm-inverse": {
      const deviation = tf.sqrt(tf.add(of(op.variance), op.epsilon));
      const factor = tf.mul(tf.exp(tf.neg(of(op.logGamma))), deviation);
      return tf.add(tf.mul(tf.sub(x, of(op.beta)), factor), of(op.mean));
    }
    case "unsquash": {
      const scale = tf.div(of(op.normalization), tf.sub(1, tf.mul(of(op.alpha), 2)));
      return tf.mul(tf.sub(x, of(op.alpha)), scale);
    }
    case "batch-statistic":
      return batchStatistic(op.of, x);
    case "global-pool":
      return tf.mean(x, [1, 2], true);
    case "local-pool":
      return computeTlcPooling(x, op.window);
    case "pixel-shuffle":
      return pixelShuffle(x);
    case "upsample":
      return op.mode === "nearest" ? repeatCells(x, op.factor) : interpolateCells(x, op.factor);
    case "even-cells":
      return evenCells(x);
    case "halve":
      return leanHalve(x);
    case "cut":
      return computeCut(x, op.axis);
    case "join":
      return computeJoin(x, op.axis);
    case "difference":
      return difference(x, op.axis);
    case "neighbour-mean":
      return neighbourMean(x);
    case "windowed-dft":
      return computeWindowedDft(x, op.band, op.part);
    case "lags":
      return computeLags(x, op.band, op.lags);
    case "kernel-dft":
      return computeKernelDft(x, op.band, op.part);
    case "filter-windows":
      return computeFilterWindows(x, y, inputs[2] as Map4, op.band);
  }
}

function conv(op: Extract<Op, { kind: "conv" }>, x: Map4, of: Lookup): Map4 {
  const settings = {
    x,
    filter: of(op.weight) as Map4,
    strides: op.stride,
    pad: paddingOf(op),
    ...(op.bias && { bias: of(op.bias) as tf.Tensor1D }),
  };
  return op.groups > 1 ? tf.fused.depthwiseConv2d(settings) : tf.fused.conv2d(settings);
}

/**
 * The padding as a word, or per side. TensorFlow's own kernels (tfjs-node) accept no number, and their "same"
 * differs for strides above 1.
 */
function paddingOf({ side, stride, padding }: Extract<Op, { kind: "conv" }>): "valid" | "same" {
  if (padding === 0) return "valid";
  if (stride === 1 && 2 * padding + 1 === side) return "same";
  const none = [0, 0];
  const sides = [padding, padding];
  // The fused operations accept explicit padding like the plain ones; only their types omit it.
  return [none, sides, sides, none] as unknown as "same";
}

/**
 * PyTorch's transposed conv with padding 1: a part of the full output, from its second row and column.
 * TensorFlow's own kernel (tfjs-node) does not support such padding directly.
 */
function upconv(op: Extract<Op, { kind: "upconv" }>, x: Map4, of: Lookup): Map4 {
  const [n, h, w] = x.shape;
  const out = op.weight.shape[1] as number;
  const filter = of(op.weight) as Map4;
  const [height, width] = [2 * h + op.side - 2, 2 * w + op.side - 2];
  const whole = tf.conv2dTranspose(x, filter, [n, height, width, out], 2, "valid");
  const up = tf.slice(whole as Map4, [0, 1, 1, 0], [n, 2 * h, 2 * w, out]);
  return tf.add(up, of(op.bias));
}

function repeatCells(x: Map4, factor: number): Map4 {
  const [, h, w] = x.shape;
  return tf.image.resizeNearestNeighbor(x, [h * factor, w * factor]);
}

/** Linear between the cells' centres; as products, because the wasm backend lacks the gradient of tf.image's. */
function interpolateCells(x: Map4, factor: number): Map4 {
  const [n, h, w, c] = x.shape;
  const tall = tf.matMul(interpolation(h, factor), tf.reshape(x, [n, h, w * c]));
  const wide = tf.matMul(interpolation(w, factor), tf.reshape(tall, [n * h * factor, w, c]));
  return tf.reshape(wide, [n, h * factor, w * factor, c]);
}

/** Weights of `cells` cells at each of cells · factor places, [1, places, cells]. */
function interpolation(cells: number, factor: number): tf.Tensor3D {
  const weights = new Float32Array(cells * factor * cells);
  for (let place = 0; place < cells * factor; place++) {
    const at = Math.min(cells - 1, Math.max(0, (place + 0.5) / factor - 0.5));
    const before = Math.min(cells - 1, Math.floor(at));
    const after = Math.min(cells - 1, before + 1);
    const row = place * cells;
    weights[row + before] = (weights[row + before] as number) + 1 - (at - before);
    weights[row + after] = (weights[row + after] as number) + (at - before);
  }
  return tf.tensor3d(weights, [1, cells * factor, cells]);
}

/** Slices of pairs of rows and of columns: a slice with steps has no gradient. */
function evenCells(x: Map4): Map4 {
  const [n, h, w, c] = x.shape;
  const pairs = tf.reshape(x, [(n * h) / 2, 2, w / 2, 2 * c]);
  return tf.reshape(tf.slice(pairs, 0, [(n * h) / 2, 1, w / 2, c]), [n, h / 2, w / 2, c]);
}

function difference(x: Map4, axis: "x" | "y"): Map4 {
  const along = axis === "x" ? 2 : 1;
  const size = [...x.shape] as [number, number, number, number];
  size[along] -= 1;
  const next: [number, number, number, number] = [0, 0, 0, 0];
  next[along] = 1;
  const steps = tf.sub(tf.slice(x, next, size), tf.slice(x, [0, 0, 0, 0], size));
  const end: [number, number][] = [0, 1, 2, 3].map((i) => [0, i === along ? 1 : 0]);
  return tf.pad(steps, end) as Map4;
}

/** Sums of three along each axis, divided by how many there are: tf.avgPool has no gradient on every backend. */
function neighbourMean(x: Map4): Map4 {
  const [, h, w] = x.shape;
  const sums = sumOfThree(sumOfThree(x, 1), 2);
  return tf.div(sums, sumOfThree(sumOfThree(tf.ones([1, h, w, 1]), 1), 2));
}

function sumOfThree(x: Map4, axis: 1 | 2): Map4 {
  const around: [number, number][] = [0, 1, 2, 3].map((i) => (i === axis ? [1, 1] : [0, 0]));
  const padded = tf.pad(x, around);
  const part = (start: number) =>
    tf.slice(padded, [0, axis === 1 ? start : 0, axis === 2 ? start : 0, 0], x.shape);
  return tf.add(tf.add(part(0), part(1)), part(2));
}

/** Channel 4c + 2i + j goes to channel c of cell (2y + i, 2x + j), as in PyTorch. */
function pixelShuffle(x: Map4): Map4 {
  const [n, h, w, c] = x.shape;
  const cells = tf.reshape(x, [n * h, w, c / 4, 2, 2]); //       [y, x, c, i, j]
  const interleaved = tf.transpose(cells, [0, 3, 1, 4, 2]); //   [y, i, x, j, c]
  return tf.reshape(interleaved, [n, 2 * h, 2 * w, c / 4]);
}

/**
 * The mean of k² channels as a mean of k means: a plain sum of 361 values near 1 loses digits that √(1 − σ²) needs
 * for σ near 1.
 */
function meanChannels(x: Map4): Map4 {
  const [n, h, w, c] = x.shape;
  const groups = Math.sqrt(c);
  if (!Number.isInteger(groups)) return tf.mean(x, 3, true);
  const means = tf.mean(tf.reshape(x, [n * h * w, groups, groups]), 2);
  return tf.reshape(tf.mean(means, 1), [n, h, w, 1]);
}

/** Deviation from the mean over channels, and its biased variance. */
function moments(x: Map4): { centred: Map4; variance: Map4 } {
  const centred: Map4 = tf.sub(x, tf.mean(x, 3, true));
  return { centred, variance: tf.mean(tf.square(centred), 3, true) };
}

function batchStatistic(kind: "mean" | "variance", x: Map4): Map4 {
  const axes = [0, 1, 2];
  const mean: Map4 = tf.mean(x, axes, true);
  if (kind === "mean") return mean;
  const [n, h, w] = x.shape;
  const cells = n * h * w;
  return tf.mul(tf.mean(tf.square(tf.sub(x, mean)), axes, true), cells / (cells - 1));
}
