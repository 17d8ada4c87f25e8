/** Multiplies the lines of planes by a matrix, as losses need it for blurring and for Fourier transforms. */
import * as tf from "@tensorflow/tfjs-core";

/**
 * planes · matrix, differentiable by the planes, with the axes of the result swapped, so that a second call treats the
 * columns.
 * @param planes [count, height, width]
 * @param matrix [width, width]; numbers, because a tensor of the loss is disposed before its gradient is
 *   computed
 * @returns [count, width, height]
 */
export function multiplyLines(planes: tf.Tensor3D, matrix: Float32Array): tf.Tensor3D {
  const [count, height, width] = planes.shape;
  const product = (x: tf.Tensor, transposed: boolean): tf.Tensor2D =>
    tf.tidy(() =>
      tf.matMul(x as tf.Tensor2D, tf.tensor2d(matrix, [width, width]), false, transposed),
    );
  const operation = tf.customGrad((x) => ({
    value: product(x as tf.Tensor, false),
    gradFunc: (gradient: tf.Tensor) => product(gradient, true),
  }));
  const lines = operation(tf.reshape(planes, [count * height, width]));
  return tf.transpose(tf.reshape(lines, [count, height, width]), [0, 2, 1]) as tf.Tensor3D;
}
