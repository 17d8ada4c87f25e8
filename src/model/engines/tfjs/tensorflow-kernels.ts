/** Replaces kernels of tfjs-node by operations of TensorFlow's library that do the same in fewer steps. */
import * as tf from "@tensorflow/tfjs-core";

/** Members of tfjs-node's backend that its type hides. */
interface Backend {
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_ATTR_STRING: number };
  getDTypeInteger(type: tf.DataType): number;
  executeSingleOutput(op: string, attributes: object[], inputs: tf.TensorInfo[]): tf.Tensor;
}

type Replacement = (own: tf.KernelFunc) => tf.KernelFunc;

const replacements: Readonly<Record<string, Replacement>> = {
  // The library fuses a bias into the convolution before it, but not a sum.
  Add: (own) => (given) => {
    const { a, b } = given.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const isBias = b.shape.length === 1 && a.shape.length > 1 && b.shape[0] === a.shape.at(-1);
    if (!isBias || a.dtype !== "float32" || b.dtype !== "float32") return own(given);
    const backend = given.backend as Backend;
    const { TF_ATTR_TYPE, TF_ATTR_STRING } = backend.binding;
    const attributes = [
      { name: "T", type: TF_ATTR_TYPE, value: backend.getDTypeInteger("float32") },
      { name: "data_format", type: TF_ATTR_STRING, value: "NHWC" },
    ];
    return backend.executeSingleOutput("BiasAdd", attributes, [a, b]);
  },
  // The kernel passes NaN through, by two selections from tensors that it makes of numbers.
  Step: (own) => (given) => {
    const x = given.inputs["x"] as tf.Tensor;
    if (x.dtype !== "float32" || given.attrs?.["alpha"] !== 0) return own(given);
    return tf.tidy(() => tf.cast(tf.greater(x, 0), "float32"));
  },
};

let replaced = false;

/** Replaces the kernels of the backend "tensorflow"; repeated calls have no effect. */
export function replaceKernels(backend: tf.KernelBackend): void {
  if (replaced || !("executeSingleOutput" in backend)) return;
  replaced = true;
  for (const [kernelName, better] of Object.entries(replacements)) {
    const own = tf.getKernel(kernelName, "tensorflow");
    tf.unregisterKernel(kernelName, "tensorflow");
    tf.registerKernel({ ...own, kernelFunc: better(own.kernelFunc) });
  }
}
