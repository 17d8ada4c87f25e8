/**
 * Builds gradient definitions from a kernel's name, the tensors it saves, and a formula for each input's gradient.
 */
import type * as tf from "@tensorflow/tfjs-core";

export type Attributes = tf.NamedAttrMap;
/** Functions that compute the gradient of each input from dy, the saved tensors and the kernel's attributes. */
type Rule = (
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attributes: Attributes,
) => Record<string, () => tf.Tensor>;

export const ofInputs = (
  kernelName: string,
  inputsToSave: string[],
  rule: Rule,
): tf.GradConfig => ({
  kernelName,
  inputsToSave,
  gradFunc: (dy, saved, attributes) => rule(dy as tf.Tensor, saved, attributes),
});

/** For a kernel with one input x: its gradient, computed from x. */
export const fromInput = (
  name: string,
  gradient: (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor,
): tf.GradConfig => ofInputs(name, ["x"], (dy, [x]) => ({ x: () => gradient(dy, x as tf.Tensor) }));

/** For a kernel with one input: its gradient, computed from the output y. */
export const fromOutput = (
  kernelName: string,
  input: string,
  gradient: (dy: tf.Tensor, y: tf.Tensor) => tf.Tensor,
): tf.GradConfig => ({
  kernelName,
  outputsToSave: [true],
  gradFunc: (dy, [y]) => ({ [input]: () => gradient(dy as tf.Tensor, y as tf.Tensor) }),
});
