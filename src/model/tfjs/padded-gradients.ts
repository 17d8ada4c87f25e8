/**
 * Adds explicit padding to TensorFlow's own gradient kernels (tfjs-node), which support only "valid" and "same".
 * The input is padded before, or its gradient cropped after.
 */
import * as tf from "@tensorflow/tfjs-core";
import { geometry } from "./convolution-gradients.ts";

type Map4 = tf.Tensor4D;
type Better = (own: tf.KernelFunc) => tf.KernelFunc;

/** The replacement of each kernel, by kernel name. */
export const paddedBefore: Readonly<Record<string, Better>> = {
  Conv2DBackpropFilter: (own) => byFilter("Conv2DBackpropFilter", own),
  Conv2DBackpropInput: (own) => byInput("Conv2DBackpropInput", own),
  DepthwiseConv2dNativeBackpropFilter: (own) =>
    byFilter("DepthwiseConv2dNativeBackpropFilter", own),
  DepthwiseConv2dNativeBackpropInput: (own) => byInput("DepthwiseConv2dNativeBackpropInput", own),
};

function byFilter(name: string, own: tf.KernelFunc): tf.KernelFunc {
  return (given) => {
    const { x, dy } = given.inputs as { x: Map4; dy: Map4 };
    const attributes = given.attrs as tf.NamedAttrMap;
    const around = explicit(x.shape, attributes["filterShape"] as Map4["shape"], attributes);
    if (!around) return own(given);
    return tf.tidy(() => valid(name, { x: tf.pad(x, around), dy }, attributes));
  };
}

function byInput(name: string, own: tf.KernelFunc): tf.KernelFunc {
  return (given) => {
    const { dy, filter } = given.inputs as { dy: Map4; filter: Map4 };
    const attributes = given.attrs as tf.NamedAttrMap;
    const shape = attributes["inputShape"] as Map4["shape"];
    const around = explicit(shape, filter.shape, attributes);
    if (!around) return own(given);
    const inputShape = shape.map((size, axis) => {
      const [before, after] = around[axis] as [number, number];
      return before + size + after;
    });
    return tf.tidy(() => {
      const gradients = valid(name, { dy, filter }, { ...attributes, inputShape });
      return tf.slice(
        gradients,
        around.map(([before]) => before),
        shape,
      );
    });
  };
}

function valid(name: string, inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap): tf.Tensor {
  return tf.engine().runKernel(name, inputs, { ...attributes, pad: "valid" }) as tf.Tensor;
}

/** The padding of each axis; undefined if it is "valid" or "same". */
function explicit(
  input: Map4["shape"],
  filter: Map4["shape"],
  attributes: tf.NamedAttrMap,
): [number, number][] | undefined {
  const { type, top, bottom, left, right } = geometry(input, filter, attributes).padInfo;
  if (type === "VALID" || type === "SAME") return undefined;
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}
