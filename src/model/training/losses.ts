/**
 * Defines the losses of the three stages of training (paper eq. 2, 4 and 8). Maps are [n, h, w, c]; losses are
 * scalars.
 */
import * as tf from "@tensorflow/tfjs-core";

const log2Pi = Math.log(2 * Math.PI);

/**
 * Mean negative log-likelihood of kernels under the flow prior (eq. 2): −log N(z; 0, I) − log|det ∂z/∂x|.
 * @param z [n, 1, 1, k²]
 * @param logDet [n, 1, 1, 1]
 */
export function negativeLogLikelihood(z: tf.Tensor4D, logDet: tf.Tensor4D): tf.Scalar {
  const energy = tf.mul(tf.sum(tf.add(tf.square(z), log2Pi), 3, true), 0.5);
  return tf.mean(tf.sub(energy, logDet));
}

/** Mean of |a − b| (eq. 4 and 8), between a reblurred sharp image and the blurry image. */
export function meanAbsolute(a: tf.Tensor4D, b: tf.Tensor4D): tf.Scalar {
  return meanOfAll(tf.abs(tf.sub(a, b)));
}

/** NAFNet's PSNR loss: the mean over images of 10·log₁₀(MSE + 1e-8), which is −PSNR for values in 0..1. */
export function psnrLoss(restored: tf.Tensor4D, sharp: tf.Tensor4D): tf.Scalar {
  const [n] = sharp.shape;
  const squares = tf.reshape(tf.square(tf.sub(restored, sharp)), [n, -1]);
  const logarithms = tf.log(tf.add(meanOfRows(squares as tf.Tensor2D), 1e-8));
  return tf.mul(tf.mean(logarithms), 10 / Math.LN10);
}

/** The mean of all values. */
export function meanOfAll(x: tf.Tensor): tf.Scalar {
  return tf.reshape(meanOfRows(tf.reshape(x, [1, x.size])), []);
}

/** Means of means: a plain float32 sum of a million numbers loses digits. */
function meanOfRows(x: tf.Tensor2D): tf.Tensor1D {
  const [rows, columns] = x.shape;
  const group = largestDivisor(columns);
  const means = tf.mean(tf.reshape(x, [rows, columns / group, group]), 2);
  return tf.mean(means, 1);
}

/** The largest divisor of n that is at most √n. */
function largestDivisor(n: number): number {
  let divisor = Math.floor(Math.sqrt(n));
  while (n % divisor !== 0) divisor--;
  return divisor;
}
