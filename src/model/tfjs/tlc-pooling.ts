/** Computes TLC's pooling on NHWC tensors with running sums, at a cost independent of the window's size. */
import * as tf from "@tensorflow/tfjs-core";

/**
 * Means over min(window, h) × min(window, w), replicate-padded back to [n, h, w, c]; a window that covers the map has
 * one mean, [n, 1, 1, c].
 */
export function computeTlcPooling(x: tf.Tensor4D, window: number): tf.Tensor4D {
  const [, h, w] = x.shape;
  const [height, width] = [Math.min(window, h), Math.min(window, w)];
  if (height === h && width === w) return tf.mean(x, [1, 2], true);
  const means = tf.div(slidingSum(slidingSum(x, 1, height), 2, width), height * width);
  // A window of k fits n − k + 1 times; the odd missing cell is replicated right/bottom.
  return replicate(replicate(means as tf.Tensor4D, 1, height), 2, width);
}

/** Sums over `side` neighbours along `axis`: n → n − side + 1. */
function slidingSum(x: tf.Tensor4D, axis: 1 | 2, side: number): tf.Tensor4D {
  const n = x.shape[axis];
  const none: [number, number] = [0, 0];
  const before: [number, number][] = [none, none, none, none];
  before[axis] = [1, 0];
  const sums = tf.pad(tf.cumsum(x, axis), before) as tf.Tensor4D; // sums[i] = Σ x[0..i)
  const part = (start: number) => {
    const size = [...sums.shape];
    size[axis] = n - side + 1;
    return tf.slice(sums, [0, axis === 1 ? start : 0, axis === 2 ? start : 0, 0], size);
  };
  return tf.sub(part(side), part(0));
}

/** Repeats the first and last along `axis`: n − side + 1 → n. */
function replicate(x: tf.Tensor4D, axis: 1 | 2, side: number): tf.Tensor4D {
  if (side === 1) return x;
  const size = x.shape[axis];
  const before = Math.floor((side - 1) / 2);
  const nearest = Int32Array.from({ length: size + side - 1 }, (_, i) =>
    Math.min(size - 1, Math.max(0, i - before)),
  );
  return tf.gather(x, tf.tensor1d(nearest, "int32"), axis);
}
