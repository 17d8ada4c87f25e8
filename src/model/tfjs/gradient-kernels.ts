/**
 * Registers kernels for gradients that a backend lacks, composed of existing ones, and replaces some slow ones.
 * WebGPU and the cpu backend have all of them.
 */
import "@tensorflow/tfjs-backend-wasm"; // registers its own kernels first
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

/** Adds kernels to the backend "wasm", and to "tensorflow" if it is loaded. Repeated calls have no effect. */
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

/** Backends that have been extended. */
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
  // The stock kernel is a plain loop and takes about ten times as long as a convolution.
  Conv2DBackpropInput: (own) => (given) => {
    const { inputs, attrs } = given;
    const quick = slidesByOnes(inputs as tf.NamedTensorMap, attrs as tf.NamedAttrMap);
    return quick ? composed(convInput)(given) : own(given);
  },
  // The stock kernel copies, so that every value saved for a gradient would exist twice.
  Identity: () => shared,
};

/** Another handle to the same data, which is freed with its last handle. */
const shared: tf.KernelFunc = ({ inputs, backend }) => {
  const { dataId, shape, dtype } = inputs["x"] as tf.TensorInfo;
  (backend as tf.KernelBackend).incRef(dataId);
  return { dataId, shape, dtype };
};

const composed =
  (kernel: Kernel): tf.KernelFunc =>
  ({ inputs, attrs }) =>
    tf.tidy(() => kernel(inputs as tf.NamedTensorMap, attrs as tf.NamedAttrMap));

/** x [rows, …], segmentIds [rows] → [segments, …]: the sum of the rows of each segment. */
function segmentSum(inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap): tf.Tensor {
  const { x, segmentIds } = inputs as { x: tf.Tensor; segmentIds: tf.Tensor };
  const segments = attributes["numSegments"] as number;
  const [rows = 1, ...rest] = x.shape;
  const numbers = tf.reshape(tf.range(0, segments, 1, "int32"), [segments, 1]);
  const belongs = tf.cast(tf.equal(numbers, tf.reshape(segmentIds, [1, rows])), "float32");
  return tf.reshape(tf.matMul(belongs, tf.reshape(x, [rows, x.size / rows])), [segments, ...rest]);
}
