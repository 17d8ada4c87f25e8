/**
 * Registers gradients of all operations that `evaluate` uses. The Node build of tfjs-core registers none, and some
 * backends lack kernels that gradients need. A select's mask is a buffer and has no gradient.
 */
import * as tf from "@tensorflow/tfjs-core";
import { elementwise } from "./elementwise-gradients.ts";
import { registerGradientKernels } from "./gradient-kernels.ts";
import { type Attributes, fromInput, ofInputs } from "./gradient-rule.ts";

/**
 * Makes `evaluate` differentiable by tf.grad and related functions on every backend. Repeated calls have no effect.
 */
export function registerGradients(): void {
  registerGradientKernels();
  for (const config of [...elementwise, ...shapes, ...reductions, ...products, ...resampling]) {
    tf.registerGradient(config);
  }
}

const shapes: readonly tf.GradConfig[] = [
  fromInput("Reshape", (dy, x) => tf.reshape(dy, x.shape)),
  ofInputs("Transpose", [], (dy, _, attributes) => {
    const order = attributes["perm"] as number[];
    return {
      x: () =>
        tf.transpose(
          dy,
          Array.from(order.keys(), (axis) => order.indexOf(axis)),
        ),
    };
  }),
  ofInputs("Slice", ["x"], (dy, [x], attributes) => {
    const begin = attributes["begin"] as number[];
    const around = (x as tf.Tensor).shape.map((size, axis): [number, number] => {
      const before = begin[axis] ?? 0;
      return [before, size - before - (dy.shape[axis] as number)];
    });
    return { x: () => tf.pad(dy, around) };
  }),
  ofInputs("PadV2", ["x"], (dy, [x], attributes) => {
    const before = (attributes["paddings"] as [number, number][]).map(([first]) => first);
    return { x: () => tf.slice(dy, before, (x as tf.Tensor).shape) };
  }),
  // Along one axis, by a list of indices; the gradients of repeated indices are summed.
  ofInputs("GatherV2", ["x", "indices"], (dy, saved, attributes) => {
    const [x, indices] = saved as [tf.Tensor, tf.Tensor1D];
    const axis = attributes["axis"] as number;
    const exchanged = [...x.shape.keys()];
    [exchanged[0], exchanged[axis]] = [axis, 0];
    return {
      x: () => {
        const parts = tf.transpose(dy, exchanged);
        const sums = tf.unsortedSegmentSum(parts, indices, x.shape[axis] as number);
        return tf.transpose(sums, exchanged);
      },
    };
  }),
  {
    kernelName: "Concat",
    saveAllInputs: true,
    gradFunc: (dy, saved, attributes) => {
      const axis = attributes["axis"] as number;
      const sizes = saved.map(({ shape }) => shape.at(axis) as number);
      const parts = tf.split(dy as tf.Tensor, sizes, axis);
      return Object.fromEntries(parts.map((part, i) => [i, () => part]));
    },
  },
];

/** The gradient of a sum over `axis`: dy broadcast to the shape of x. */
function spread(dy: tf.Tensor, x: tf.Tensor, attributes: Attributes): tf.Tensor {
  const all = [...x.shape.keys()];
  const axes = tf.util.parseAxisParam((attributes["axis"] as number[] | null) ?? all, x.shape);
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return tf.mul(tf.reshape(dy, kept), tf.fill(x.shape, 1));
}

const reductions: readonly tf.GradConfig[] = [
  ofInputs("Sum", ["x"], (dy, [x], attributes) => ({
    x: () => spread(dy, x as tf.Tensor, attributes),
  })),
  ofInputs("Mean", ["x"], (dy, saved, attributes) => {
    const x = saved[0] as tf.Tensor;
    return { x: () => tf.mul(spread(dy, x, attributes), dy.size / x.size) };
  }),
  ofInputs("Cumsum", [], (dy, _, attributes) => {
    const { axis, exclusive, reverse } = attributes as {
      axis: number;
      exclusive: boolean;
      reverse: boolean;
    };
    // Without the option `reverse`: WebGPU's kernel would reuse a shader compiled for another size.
    const forwards = (gradient: tf.Tensor) => tf.cumsum(gradient, axis, exclusive);
    return {
      x: () => (reverse ? forwards(dy) : tf.reverse(forwards(tf.reverse(dy, axis)), axis)),
    };
  }),
];

const products: readonly tf.GradConfig[] = [
  ofInputs("BatchMatMul", ["a", "b"], (dy, saved, attributes) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
    return {
      a: () =>
        batchOf(
          a,
          transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB),
        ),
      b: () =>
        batchOf(
          b,
          transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false),
        ),
    };
  }),
];

/** Adds up the gradients of a matrix that was repeated for a batch. */
function batchOf(x: tf.Tensor, gradient: tf.Tensor): tf.Tensor {
  const repeated = [...gradient.shape.keys()].filter(
    (axis) => x.shape[axis] !== gradient.shape[axis],
  );
  return repeated.length === 0 ? gradient : tf.sum(gradient, repeated, true);
}

const resampling: readonly tf.GradConfig[] = [
  ofInputs("Conv2DBackpropInput", ["dy", "filter"], (gradient, saved, attributes) => {
    const [dy, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
    const { strides, pad, dataFormat, dimRoundingMode } = attributes;
    const settings = { strides, pad, dataFormat, dimRoundingMode } as Attributes;
    const run = (kernel: string, inputs: tf.NamedTensorMap, more: Attributes) =>
      tf.engine().runKernel(kernel, inputs, { ...settings, ...more }) as tf.Tensor;
    return {
      dy: () => run("Conv2D", { x: gradient, filter }, { dilations: 1 }),
      filter: () => run("Conv2DBackpropFilter", { x: gradient, dy }, { filterShape: filter.shape }),
    };
  }),
  // For integer factors only. The WebAssembly kernel for it mixes up the images of a batch.
  ofInputs("ResizeNearestNeighbor", ["images"], (dy, saved) => {
    const [n, h, w, c] = (saved[0] as tf.Tensor4D).shape;
    const [, height, width] = (dy as tf.Tensor4D).shape;
    return {
      images: () => {
        const rows = tf.sum(tf.reshape(dy, [n * h, height / h, width * c]), 1);
        return tf.reshape(tf.sum(tf.reshape(rows, [n * h * w, width / w, c]), 1), [n, h, w, c]);
      },
    };
  }),
];
