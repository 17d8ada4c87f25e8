/**
 * Implements operations that keep only what their gradients need. TensorFlow.js keeps all operands of every part of
 * an operation: four maps for a layer norm, both maps for a sum. At full resolution this is most of a training
 * step's memory.
 */
import * as tf from "@tensorflow/tfjs-core";

type Map4 = tf.Tensor4D;
type Shape4 = Map4["shape"];

/** a + b; one channel or one cell is broadcast. */
export function leanAdd(a: Map4, b: Map4): Map4 {
  const [shapeA, shapeB] = [a.shape, b.shape];
  return withGradients(
    [a, b],
    ([x, y]) => tf.add(x as Map4, y as Map4),
    (dy) => [gathered(dy, shapeA), gathered(dy, shapeB)],
  );
}

/** Channels [start, end). */
export function leanSlice(x: Map4, start: number, end: number): Map4 {
  const channels = x.shape[3];
  return withGradients(
    [x],
    ([map]) => tf.slice(map as Map4, [0, 0, 0, start], [-1, -1, -1, end - start]),
    (dy) => [tf.pad(dy, [none, none, none, [start, channels - end]])],
  );
}

/** x where positive, factor·x elsewhere. @param factor one number, [1] */
export function leanPrelu(x: Map4, factor: tf.Tensor1D): Map4 {
  return withGradients<[Map4, tf.Tensor1D]>(
    [x, factor],
    // Its type asks for a factor of the map's rank; one number is broadcast.
    ([map, factor]) => tf.prelu(map, factor as tf.Tensor as Map4),
    (dy, [map, factor]) => {
      const below = tf.mul(dy, tf.step(tf.neg(map)));
      const above = tf.sub(dy, below);
      return [
        tf.add(above, tf.mul(below, factor)),
        tf.reshape(tf.sum(tf.mul(below, map)), factor.shape),
      ];
    },
    { keep: true },
  );
}

/** Means of 2×2 cells. */
export function leanHalve(x: Map4): Map4 {
  const [, h, w] = x.shape;
  return withGradients(
    [x],
    ([map]) => tf.avgPool(map as Map4, 2, 2, "valid"),
    (dy) => [tf.mul(tf.image.resizeNearestNeighbor(dy, [h, w]), 0.25)],
  );
}

/** GELU in its exact (erf) form; its derivative is Φ(x) + x·φ(x). */
export function leanGelu(x: Map4): Map4 {
  return withGradients(
    [x],
    ([map]) => tf.mul(map as Map4, gaussian(map as Map4)),
    (dy, [saved]) => {
      const map = saved as Map4;
      const density = tf.mul(tf.exp(tf.mul(tf.square(map), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return [tf.mul(dy, tf.add(gaussian(map), tf.mul(map, density)))];
    },
    { keep: true },
  );
}

/** Φ(x), the cumulative distribution function of the standard normal distribution. */
function gaussian(x: Map4): Map4 {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}

/** (x − mean) / √(variance + ε) over channels, biased variance. */
export function leanNormalise(x: Map4, epsilon: number): Map4 {
  return withGradients(
    [x],
    ([map]) => parts(map as Map4, epsilon).normal,
    (dy, [saved]) => {
      const { normal, deviation } = parts(saved as Map4, epsilon);
      const along = tf.mul(normal, tf.mean(tf.mul(dy, normal), 3, true));
      const centred = tf.sub(dy, tf.mean(dy, 3, true));
      return [tf.div(tf.sub(centred, along), deviation)];
    },
    { keep: true },
  );
}

function parts(x: Map4, epsilon: number): { normal: Map4; deviation: Map4 } {
  const centred: Map4 = tf.sub(x, tf.mean(x, 3, true));
  const variance = tf.mean(tf.square(centred), 3, true);
  const deviation: Map4 = tf.sqrt(tf.add(variance, epsilon));
  return { normal: tf.div(centred, deviation), deviation };
}

const none: [number, number] = [0, 0];

/** Undoes broadcasting. */
function gathered(dy: Map4, shape: Shape4): Map4 {
  const axes = [0, 1, 2, 3].filter((axis) => shape[axis] === 1 && dy.shape[axis] !== 1);
  return axes.length === 0 ? tf.clone(dy) : tf.sum(dy, axes, true);
}

/**
 * A custom operation: `value` of the inputs, and `gradients` by the inputs. `keep` saves the inputs for the
 * gradients.
 */
function withGradients<Inputs extends tf.Tensor[] = Map4[]>(
  inputs: Inputs,
  value: (inputs: Inputs) => Map4,
  gradients: (dy: Map4, inputs: Inputs) => tf.Tensor[],
  { keep = false } = {},
): Map4 {
  const operation = tf.customGrad((...given) => {
    const save = given.at(-1) as tf.GradSaveFunc;
    const own = given.slice(0, -1) as Inputs;
    if (keep) save(own);
    return {
      value: value(own),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradients(dy as Map4, saved as Inputs),
    };
  });
  return operation(...inputs) as Map4;
}
