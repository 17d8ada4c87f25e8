/**
 * Stands for @tensorflow/tfjs-node and -gpu, which need a library that npm fetches from elsewhere: what their modules
 * offer, on the kernels of tfjs-backend-cpu, as far as theirs go (@tensorflow/tfjs-node@4.22.0, dist/kernels): there
 * are no others, and a padding that is a number, or explicit in a transposed convolution, is refused in their words.
 * TENSORFLOW_STUB says what is wrong with it.
 */
const fault = process.env.TENSORFLOW_STUB;
const name = require("./package.json").name;

if (fault === "no binary") {
  throw new Error(
    "The Node.js native addon module (tfjs_binding.node) can not be found at path: lib/napi-v8/tfjs_binding.node. \nPlease run command 'npm rebuild'",
  );
}
if (fault === "wrong CUDA") {
  throw new Error("libcudart.so.11.0: cannot open shared object file: No such file or directory");
}

const tf = require("@tensorflow/tfjs-core");
const { MathBackendCPU } = require("@tensorflow/tfjs-backend-cpu");

// biome-ignore format: a list
const kernels =
  "Abs Acos Acosh Add AddN All Any ArgMax ArgMin Asin Asinh Atan Atan2 Atanh AvgPool AvgPool3D AvgPool3DGrad AvgPoolGrad BatchMatMul BatchToSpaceND Bincount BroadcastArgs Cast Ceil ClipByValue Complex ComplexAbs Concat Conv2D Conv2DBackpropFilter Conv2DBackpropInput Conv3D Conv3DBackpropFilterV2 Conv3DBackpropInputV2 Cos Cosh CropAndResize Cumprod Cumsum DepthToSpace DepthwiseConv2dNative DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput Diag Dilation2D Dilation2DBackpropFilter Dilation2DBackpropInput Einsum Elu EluGrad Equal Erf Exp ExpandDims Expm1 FFT Fill FlipLeftRight Floor FloorDiv FusedBatchNorm FusedConv2D FusedDepthwiseConv2D GatherNd GatherV2 Greater GreaterEqual IFFT Identity Imag IsFinite IsInf IsNan LRN LRNGrad LeakyRelu Less LessEqual LinSpace Log Log1p LogicalAnd LogicalNot LogicalOr Max MaxPool MaxPool3D MaxPool3DGrad MaxPoolGrad Maximum Mean Min Minimum MirrorPad Mod Multinomial Multiply Neg NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 NotEqual OneHot OnesLike Pack PadV2 Pow Prelu Prod Range Real RealDiv Reciprocal Relu Relu6 Reshape ResizeBilinear ResizeBilinearGrad ResizeNearestNeighbor ResizeNearestNeighborGrad Reverse Round Rsqrt ScatterNd Select Selu Sigmoid Sign Sin Sinh Slice Softmax Softplus SpaceToBatchND SparseToDense SplitV Sqrt Square SquaredDifference StaticRegexReplace Step StridedSlice Sub Sum Tan Tanh TensorScatterUpdate Tile TopK Transpose Unique Unpack UnsortedSegmentSum ZerosLike";

const there = new Set(kernels.split(" ").map((kernel) => tf[kernel]));
const words = ["VALID", "SAME"];
const paddings = new Map([
  [tf.Conv2D, [...words, "EXPLICIT"]],
  [tf.FusedConv2D, [...words, "EXPLICIT"]],
  [tf.DepthwiseConv2dNative, [...words, "EXPLICIT"]],
  [tf.FusedDepthwiseConv2D, [...words, "EXPLICIT"]],
  [tf.Conv2DBackpropInput, words],
  [tf.Conv2DBackpropFilter, words],
  [tf.DepthwiseConv2dNativeBackpropInput, words],
  [tf.DepthwiseConv2dNativeBackpropFilter, words],
]);

for (const kernel of tf.getKernelsForBackend("cpu")) {
  if (!there.has(kernel.kernelName)) continue;
  const allowed = paddings.get(kernel.kernelName);
  tf.registerKernel({
    ...kernel,
    backendName: "tensorflow",
    kernelFunc(call) {
      if (allowed) assertPadding(call, allowed);
      return kernel.kernelFunc(call);
    },
  });
}

function assertPadding({ inputs: { x, filter }, attrs }, allowed) {
  const { strides, pad, dimRoundingMode, inputShape = x.shape } = attrs;
  const { filterShape = filter.shape } = attrs;
  const info = [inputShape, filterShape, strides, 1, pad, dimRoundingMode];
  const { type } = tf.backend_util.computeConv2DInfo(...info).padInfo;
  if (allowed.includes(type)) return;
  throw new Error(`TF Backend supports only 'valid' and 'same' padding while padding was ${type}`);
}

class StubBackend extends MathBackendCPU {
  isGPUPackage = name.endsWith("-gpu");
  isUsingGpuDevice = this.isGPUPackage && fault !== "no GPU";
  binding = { TF_Version: "2.9.1" };
}

tf.env().set("IS_TEST", true); // else the cpu backend prints advice
tf.registerBackend("tensorflow", () => new StubBackend(), 3);
tf.setBackend("tensorflow");

module.exports = {
  ...tf,
  ...(fault === "own core" && { Tensor: class Tensor {} }),
  version: { "tfjs-core": tf.version_core, "tfjs-node": "4.22.0" },
};
