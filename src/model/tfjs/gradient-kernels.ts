/**
 * The kernels that gradients need and a backend lacks, composed of those it has, so that tf.grad works there as
 * anywhere; and some that it has, replaced by better ones. WebGPU and the cpu lack none.
 */
import "@tensorflow/tfjs-backend-wasm"; // its own kernels come first
import * as tf from "@tensorflow/tfjs-core";
import {
  convFilter,
  convInput,
  depthwiseFilter,
  depthwiseInput,
  slidesByOnes,
} from "./convolution-gradients.ts";
import { paddedBefore } from "./padded-gradients.ts";

type Kernel = (inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap) => tf.Tensor;

/**
 * Adds them to the backend "wasm", started or not, and to "tensorflow" where it is loaded; calling it again changes
 * nothing.
 */
export function registerGradientKernels(): void {
  if (!registered.has("wasm")) {
    for (const [kernelName, kernel] of Object.entries(missing)) {
      tf.registerKernel({ kernelName, backendName: "wasm", kernelFunc: composed(kernel) });
    }
    replace("wasm", replaced);
  }
  const isLoaded = tf.getKernelsForBackend("tensorflow").length > 0;
  if (isLoaded && !registered.has("tensorflow")) replace("tensorflow", paddedBefore);
}

/** Backends that have them. */
const registered = new Set<string>();

type Replacements = Readonly<Record<string, (own: tf.KernelFunc) => tf.KernelFunc>>;

function replace(backend: string, replacements: Replacements): void {
  for (const [kernelName, better] of Object.entries(replacements)) {
    const own = tf.getKernel(kernelName, backend);
    tf.unregisterKernel(kernelName, backend);
    tf.registerKernel({ ...own, kernelFunc: better(own.kernelFunc) });
  }
  registered.add(backend);
}

const missing: Readonly<Record<string, Kernel>> = {
  Conv2DBackpropFilter: convFilter,
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilter,
  DepthwiseConv2dNativeBackpropInput: depthwiseInput,
  UnsortedSegmentSum: segmentSum,
};

const replaced: Replacements = {
  // A plain loop, which takes about ten times as long as a convolution.
  Conv2DBackpropInput: (own) => (given) => {
    const { inputs, attrs } = given;
    const quick = slidesByOnes(inputs as tf.NamedTensorMap, attrs as tf.NamedAttrMap);
    return quick ? composed(convInput)(given) : own(given);
  },
  // Copies; all that is saved for a gradient goes through it and would be there twice.
  Identity: () => shared,
};

/** The same numbers under another handle; they go when the last handle does. */
const shared: tf.KernelFunc = ({ inputs, backend }) => {
  const { dataId, shape, dtype } = inputs["x"] as tf.TensorInfo;
  (backend as tf.KernelBackend).incRef(dataId);
  return { dataId, shape, dtype };
};

const composed =
  (kernel: Kernel): tf.KernelFunc =>
  ({ inputs, attrs }) =>
    tf.tidy(() => kernel(inputs as tf.NamedTensorMap, attrs as tf.NamedAttrMap));

/** x [rows, …], segmentIds [rows] → [segments, …]: each the sum of the rows that have its number. */
function segmentSum(inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap): tf.Tensor {
  const { x, segmentIds } = inputs as { x: tf.Tensor; segmentIds: tf.Tensor };
  const segments = attributes["numSegments"] as number;
  const [rows = 1, ...rest] = x.shape;
  const numbers = tf.reshape(tf.range(0, segments, 1, "int32"), [segments, 1]);
  const belongs = tf.cast(tf.equal(numbers, tf.reshape(segmentIds, [1, rows])), "float32");
  return tf.reshape(tf.matMul(belongs, tf.reshape(x, [rows, x.size / rows])), [segments, ...rest]);
}
