/** Compares estimated kernels with known ones at three scales, differentiable by the estimate. */
import * as tf from "@tensorflow/tfjs-core";
import { multiplyLines } from "./line-products.ts";

/** Standard deviations, in taps, of the Gaussians that blur both kernels; 0: they are compared unblurred. */
const scales = [0, 1, 2] as const;

/** Added to the error before its logarithm, so that a place that is nearly right has a small gradient. */
const floor = 0.03;

/**
 * The relative squared error of each kernel, Σ(k̂ − k)² / Σk², as the mean of three scales: as is, and both kernels
 * blurred by Gaussians of σ 1 and 2 with zeros beyond their edges. The blurred scales reward a motion that is one tap
 * beside the known one, which the first scale rates like no motion at all.
 * @param estimated [n, h, w, k²]
 * @param known of the same shape; all taps 0 where the kernel is unknown
 * @returns [n·h·w], the numerator alone where the kernel is unknown
 */
export function relativeKernelError(estimated: tf.Tensor4D, known: tf.Tensor4D): tf.Tensor1D {
  const difference: tf.Tensor4D = tf.sub(estimated, known);
  const errors = scales.map((sigma) => {
    const energy = energyOf(known, sigma);
    // A batch may contain real pairs, whose kernels are all zero: 0 / 0 would spoil the sum even if it is masked.
    return tf.div(energyOf(difference, sigma), tf.add(energy, tf.equal(energy, 0)));
  });
  const sum = errors.reduce((all, error) => tf.add(all, error));
  return tf.div(sum, scales.length) as tf.Tensor1D;
}

/**
 * The mean over all places of log(error + 0.03), where places of unknown kernels count 0. The logarithm gives a place
 * whose error falls by a tenth the same weight whether its kernel is easy or hard; the plain mean would be ruled by
 * the few places with errors above 1.
 * @param estimated [n, h, w, k²]
 * @param known of the same shape; all taps 0 where the kernel is unknown
 */
export function kernelTruthLoss(estimated: tf.Tensor4D, known: tf.Tensor4D): tf.Scalar {
  const logarithms = tf.log(tf.add(relativeKernelError(estimated, known), floor));
  const isKnown = tf.cast(tf.greater(energyOf(known, 0), 0), "float32");
  return tf.mean(tf.mul(logarithms, isKnown));
}

/** Σ over the taps of (Gaussian ∗ kernel)², of every place: [n·h·w]. */
function energyOf(kernels: tf.Tensor4D, sigma: number): tf.Tensor1D {
  const taps = kernels.shape[3];
  const blurred = sigma === 0 ? kernels : blur(kernels, sigma);
  return tf.sum(tf.square(tf.reshape(blurred, [kernels.size / taps, taps])), 1);
}

/** The kernels blurred along both axes. */
function blur(kernels: tf.Tensor4D, sigma: number): tf.Tensor {
  const side = Math.round(Math.sqrt(kernels.shape[3]));
  const gaussian = gaussianMatrix(side, sigma);
  const planes: tf.Tensor3D = tf.reshape(kernels, [kernels.size / side ** 2, side, side]);
  return multiplyLines(multiplyLines(planes, gaussian), gaussian);
}

/** The matrix that blurs a row of taps. */
function gaussianMatrix(side: number, sigma: number): Float32Array {
  const weight = (distance: number) => Math.exp(-(distance ** 2) / (2 * sigma ** 2));
  let sum = weight(0);
  for (let distance = 1; distance <= 10 * sigma; distance++) sum += 2 * weight(distance);
  return Float32Array.from(
    { length: side * side },
    (_, i) => weight(Math.floor(i / side) - (i % side)) / sum,
  );
}
