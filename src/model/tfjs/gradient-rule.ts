/** How a gradient is written down: a kernel's name, what it keeps, and the slope of each of its inputs. */
import type * as tf from "@tensorflow/tfjs-core";

export type Attributes = tf.NamedAttrMap;
/** dy, what was saved, the kernel's attributes → the gradient of each input, when asked for. */
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

/** One input x, its slope from x. */
export const fromInput = (
  name: string,
  gradient: (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor,
): tf.GradConfig => ofInputs(name, ["x"], (dy, [x]) => ({ x: () => gradient(dy, x as tf.Tensor) }));

/** One input, its slope from the output y. */
export const fromOutput = (
  kernelName: string,
  input: string,
  gradient: (dy: tf.Tensor, y: tf.Tensor) => tf.Tensor,
): tf.GradConfig => ({
  kernelName,
  outputsToSave: [true],
  gradFunc: (dy, [y]) => ({ [input]: () => gradient(dy as tf.Tensor, y as tf.Tensor) }),
});
