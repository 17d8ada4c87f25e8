/** Cuts NHWC maps into halves and joins them: the halves of an image follow each other in the batch. */
import * as tf from "@tensorflow/tfjs-core";

type Map4 = tf.Tensor4D;

/** [n, h, w, c] → [2n, h/2, w, c] (y) or [2n, h, w/2, c] (x). */
export function computeCut(x: Map4, axis: "x" | "y"): Map4 {
  const [n, h, w, c] = x.shape;
  if (axis === "y") return tf.reshape(x, [2 * n, h / 2, w, c]);
  const halves = tf.transpose(tf.reshape(x, [n, h, 2, (w / 2) * c]), [0, 2, 1, 3]);
  return tf.reshape(halves, [2 * n, h, w / 2, c]);
}

/** The opposite of `computeCut`. */
export function computeJoin(x: Map4, axis: "x" | "y"): Map4 {
  const [n, h, w, c] = x.shape;
  if (axis === "y") return tf.reshape(x, [n / 2, 2 * h, w, c]);
  const rows = tf.transpose(tf.reshape(x, [n / 2, 2, h, w * c]), [0, 2, 1, 3]);
  return tf.reshape(rows, [n / 2, h, 2 * w, c]);
}
