/**
 * Computes gradients of convolutions by filter and by input, as convolutions of dy, the gradient by the output.
 * Maps are [n, h, w, c]; no dilation; a depthwise convolution has one output per channel.
 */
import * as tf from "@tensorflow/tfjs-core";

type Map4 = tf.Tensor4D;
type Shape4 = Map4["shape"];
type Inputs = Readonly<Record<string, tf.Tensor>>;
type Pair = [number, number];

/** Gradient by the filter: x [n, h, w, in], dy [n, h', w', out] → [kh, kw, in, out]. */
export function convFilter(inputs: Inputs, attributes: tf.NamedAttrMap): tf.Tensor {
  const { x, dy } = inputs as { x: Map4; dy: Map4 };
  const shape = attributes["filterShape"] as Shape4;
  const [kh, kw, into, out] = shape;
  const { padInfo, strides } = geometry(x.shape, shape, attributes);
  if (kh * kw * strides[0] * strides[1] === 1 && padInfo.type === "VALID") {
    const cells = tf.reshape(x, [x.size / into, into]);
    const gradients = tf.matMul(tf.transpose(cells), tf.reshape(dy, [dy.size / out, out]));
    return tf.reshape(gradients, shape);
  }
  // The gradient by a weight sums x·dy over images and cells. With images and channels exchanged, this is x
  // convolved with dy, whose cells are a stride apart.
  const images = tf.transpose(x, [3, 1, 2, 0]);
  const filter = tf.transpose(dy, [1, 2, 0, 3]);
  const gradients = tf.conv2d(images, filter, 1, padding(padInfo), "NHWC", strides);
  // The result is larger than the filter if the last rows of x filled no window.
  return tf.transpose(tf.slice(gradients, 0, [into, kh, kw, out]), [1, 2, 0, 3]);
}

/**
 * Gradient by a depthwise filter: x [n, h, w, c], dy [n, h', w', c] → [kh, kw, c, 1]. As above, with each channel
 * of each image as a separate channel.
 */
export function depthwiseFilter(inputs: Inputs, attributes: tf.NamedAttrMap): tf.Tensor {
  const { x, dy } = inputs as { x: Map4; dy: Map4 };
  const shape = attributes["filterShape"] as Shape4;
  const [kh, kw, c] = shape;
  const [n, h, w] = x.shape;
  const { padInfo, strides } = geometry(x.shape, shape, attributes);
  const images: Map4 = tf.reshape(tf.transpose(x, [1, 2, 0, 3]), [1, h, w, n * c]);
  const [, rows, columns] = dy.shape;
  const filter: Map4 = tf.reshape(tf.transpose(dy, [1, 2, 0, 3]), [rows, columns, n * c, 1]);
  const gradients = tf.depthwiseConv2d(images, filter, 1, padding(padInfo), "NHWC", strides);
  const ofImages = tf.reshape(tf.slice(gradients, 0, [1, kh, kw, n * c]), [kh, kw, n, c]);
  return tf.reshape(tf.sum(ofImages, 2), shape);
}

/** Gradient by a depthwise convolution's input: dy [n, h', w', c], filter [kh, kw, c, 1] → [n, h, w, c]. */
export function depthwiseInput(inputs: Inputs, attributes: tf.NamedAttrMap): tf.Tensor {
  const { dy, filter } = inputs as { dy: Map4; filter: Map4 };
  const info = geometry(attributes["inputShape"] as Shape4, filter.shape, attributes);
  const spaced = space(space(dy, 1, info.strides[0]), 2, info.strides[1]);
  const around = paddingBack(info, spaced.shape);
  return tf.depthwiseConv2d(spaced, tf.reverse(filter, [0, 1]), 1, around);
}

/** Gradient by the input: dy [n, h', w', out], filter [kh, kw, in, out] → [n, h, w, in]; requires `slidesByOnes`. */
export function convInput(inputs: Inputs, attributes: tf.NamedAttrMap): tf.Tensor {
  const { dy, filter } = inputs as { dy: Map4; filter: Map4 };
  const info = geometry(attributes["inputShape"] as Shape4, filter.shape, attributes);
  const turned: Map4 = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
  return tf.conv2d(dy, turned, 1, paddingBack(info, dy.shape));
}

/** True if `convInput` is applicable: stride 1, and padding narrower than the filter. */
export function slidesByOnes(inputs: Inputs, attributes: tf.NamedAttrMap): boolean {
  const { dy, filter } = inputs as { dy: Map4; filter: Map4 };
  if (attributes["dataFormat"] !== "NHWC") return false;
  const info = geometry(attributes["inputShape"] as Shape4, filter.shape, attributes);
  const around = paddingBack(info, dy.shape).flat();
  return info.strides.every((stride) => stride === 1) && around.every((zeros) => zeros >= 0);
}

type Geometry = tf.backend_util.Conv2DInfo & { readonly strides: Pair };

/** Strides and padding of a convolution as numbers. */
export function geometry(input: Shape4, filter: Shape4, attributes: tf.NamedAttrMap): Geometry {
  const { strides, pad, dimRoundingMode } = attributes as {
    strides: number;
    pad: number;
    dimRoundingMode: "floor";
  };
  const info = tf.backend_util.computeConv2DInfo(input, filter, strides, 1, pad, dimRoundingMode);
  return { ...info, strides: [info.strideHeight, info.strideWidth] };
}

type Sides = Omit<tf.backend_util.PadInfo, "type">;

const padding = ({ top, bottom, left, right }: Sides): [Pair, Pair, Pair, Pair] => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
];

/** Padding for the spaced dy, so that the flipped filter at stride 1 covers each cell of the input once. */
function paddingBack(info: Geometry, [, height, width]: Shape4): [Pair, Pair, Pair, Pair] {
  const top = info.filterHeight - 1 - info.padInfo.top;
  const left = info.filterWidth - 1 - info.padInfo.left;
  const bottom = info.inHeight + info.filterHeight - 1 - top - height;
  const right = info.inWidth + info.filterWidth - 1 - left - width;
  return padding({ top, bottom, left, right });
}

/** Inserts zeros between the cells of an axis: n → (n − 1)·step + 1. */
function space(x: Map4, axis: 1 | 2, step: number): Map4 {
  if (step === 1) return x;
  const resized = (size: number): Shape4 => [
    x.shape[0],
    axis === 1 ? size : x.shape[1],
    axis === 2 ? size : x.shape[2],
    x.shape[3],
  ];
  const cells = x.shape.slice(0, axis + 1).reduce((a, b) => a * b, 1);
  const none: Pair = [0, 0];
  const apart = tf.pad(tf.reshape(x, [cells, 1, x.size / cells]), [none, [0, step - 1], none]);
  const size = x.shape[axis] * step;
  const spaced: Map4 = tf.reshape(apart, resized(size));
  return tf.slice(spaced, [0, 0, 0, 0], resized(size - step + 1));
}
