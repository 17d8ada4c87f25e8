/** Defines gradients of elementwise operations and of softmax. */
import * as tf from "@tensorflow/tfjs-core";
import { fromInput, fromOutput, ofInputs } from "./gradient-rule.ts";

/** An operation on two inputs a and b that may be broadcast. */
const binary = (
  name: string,
  da: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  db: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): tf.GradConfig =>
  ofInputs(name, ["a", "b"], (dy, saved) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    return { a: () => sumTo(a.shape, da(dy, a, b)), b: () => sumTo(b.shape, db(dy, a, b)) };
  });

/** Undoes broadcasting: sums the gradients of all copies of a value. */
function sumTo(shape: number[], dy: tf.Tensor): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, dy.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(dy, axes) : dy, shape);
}

export const elementwise: readonly tf.GradConfig[] = [
  binary(
    "Add",
    (dy) => dy,
    (dy) => dy,
  ),
  binary(
    "Sub",
    (dy) => dy,
    (dy) => tf.neg(dy),
  ),
  binary(
    "Multiply",
    (dy, _, b) => tf.mul(dy, b),
    (dy, a) => tf.mul(dy, a),
  ),
  binary(
    "RealDiv",
    (dy, _, b) => tf.div(dy, b),
    (dy, a, b) => tf.neg(tf.div(tf.mul(dy, a), tf.square(b))),
  ),
  fromInput("Neg", (dy) => tf.neg(dy)),
  fromInput("Identity", (dy) => tf.clone(dy)),
  fromInput("Cast", (dy) => tf.cast(dy, "float32")),
  fromInput("Abs", (dy, x) => tf.mul(dy, tf.sign(x))),
  fromInput("Square", (dy, x) => tf.mul(dy, tf.mul(x, 2))),
  fromInput("Log", (dy, x) => tf.div(dy, x)),
  fromInput("Relu", (dy, x) => tf.mul(dy, tf.step(x))),
  fromInput("Erf", (dy, x) =>
    tf.mul(dy, tf.mul(tf.exp(tf.neg(tf.square(x))), 2 / Math.sqrt(Math.PI))),
  ),
  fromOutput("Exp", "x", (dy, y) => tf.mul(dy, y)),
  fromOutput("Sqrt", "x", (dy, y) => tf.div(dy, tf.mul(y, 2))),
  fromOutput("Sigmoid", "x", (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y)))),
  fromOutput("Tanh", "x", (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y)))),
  fromOutput("Softmax", "logits", (dy, y) => {
    const product = tf.mul(dy, y);
    return tf.sub(product, tf.mul(tf.sum(product, -1, true), y));
  }),
  ofInputs("Select", ["condition"], (dy, [condition]) => {
    const chosen = tf.cast(condition as tf.Tensor, "float32");
    return { t: () => tf.mul(dy, chosen), e: () => tf.mul(dy, tf.sub(1, chosen)) };
  }),
];
