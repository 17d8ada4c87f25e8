/** Computes the loss between the Fourier transforms of two images, by products with matrices. */
import * as tf from "@tensorflow/tfjs-core";
import { multiplyLines } from "./line-products.ts";
import { meanOfAll } from "./losses.ts";

/**
 * Mean |FFT(a) − FFT(b)| over real and imaginary parts, per channel (Cho et al., "Rethinking coarse-to-fine approach in
 * single image deblurring", ICCV 2021). The transform is orthonormal, so that the loss does not depend on the size of
 * patches; the paper's has no factor, and its weight 0.1 beside an L1 loss, at patches of 256, is 25.6 here. As a
 * product with the matrices of cosines and sines it has gradients on every backend.
 * @param a [n, h, w, c]
 * @param b of the same shape
 */
export function fftLoss(a: tf.Tensor4D, b: tf.Tensor4D): tf.Scalar {
  const [n, height, width, channels] = a.shape;
  const [rows, columns] = [fourierMatrices(width), fourierMatrices(height)];
  const difference = tf.reshape(tf.transpose(tf.sub(a, b), [0, 3, 1, 2]), [
    n * channels,
    height,
    width,
  ]) as tf.Tensor3D;
  // The transform of a line is cosine − i·sine.
  const cosine = multiplyLines(difference, rows.cosine);
  const sine = multiplyLines(difference, rows.sine);
  const real = tf.sub(multiplyLines(cosine, columns.cosine), multiplyLines(sine, columns.sine));
  // With the opposite sign, which the absolute value drops.
  const imaginary = tf.add(
    multiplyLines(cosine, columns.sine),
    multiplyLines(sine, columns.cosine),
  );
  return tf.mul(tf.add(meanOfAll(tf.abs(real)), meanOfAll(tf.abs(imaginary))), 0.5);
}

/** cos and sin of 2πij/n, divided by √n: both symmetric. */
function fourierMatrices(n: number): {
  readonly cosine: Float32Array;
  readonly sine: Float32Array;
} {
  const of = (wave: (angle: number) => number): Float32Array =>
    Float32Array.from({ length: n * n }, (_, at) => {
      // The product modulo n keeps the angle exact.
      const turn = (Math.floor(at / n) * (at % n)) % n;
      return wave((2 * Math.PI * turn) / n) / Math.sqrt(n);
    });
  return { cosine: of(Math.cos), sine: of(Math.sin) };
}
