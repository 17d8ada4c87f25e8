/**
 * Gradients of the operations `evaluate` is made of. The core package registers its own only for bundlers
 * (its build for Node has none), so training registers these. TLC's pooling and `pick` have none: they are
 * for inference.
 */
import * as tf from "@tensorflow/tfjs-core";

type Attributes = tf.NamedAttrMap;
/** dy, what was saved, the kernel's attributes → the gradient of each input, when asked for. */
type Rule = (
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attributes: Attributes,
) => Record<string, () => tf.Tensor>;

/** Lets tf.grad and its kin pass through `evaluate`; calling it again changes nothing. */
export function registerGradients(): void {
  for (const config of [...elementwise, ...shapes, ...reductions, ...resampling]) {
    tf.registerGradient(config);
  }
}

const ofInputs = (kernelName: string, inputsToSave: string[], rule: Rule): tf.GradConfig => ({
  kernelName,
  inputsToSave,
  gradFunc: (dy, saved, attributes) => rule(dy as tf.Tensor, saved, attributes),
});

/** One input x, its slope from x. */
const fromInput = (
  name: string,
  slope: (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor,
): tf.GradConfig => ofInputs(name, ["x"], (dy, [x]) => ({ x: () => slope(dy, x as tf.Tensor) }));

/** One input, its slope from the output y. */
const fromOutput = (
  kernelName: string,
  input: string,
  slope: (dy: tf.Tensor, y: tf.Tensor) => tf.Tensor,
): tf.GradConfig => ({
  kernelName,
  outputsToSave: [true],
  gradFunc: (dy, [y]) => ({ [input]: () => slope(dy as tf.Tensor, y as tf.Tensor) }),
});

/** Two inputs a and b that may have been broadcast. */
const binary = (
  name: string,
  da: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  db: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): tf.GradConfig =>
  ofInputs(name, ["a", "b"], (dy, saved) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    return { a: () => sumTo(a.shape, da(dy, a, b)), b: () => sumTo(b.shape, db(dy, a, b)) };
  });

/** Undoes broadcasting: what was used many times gathers the slopes of all. */
function sumTo(shape: number[], dy: tf.Tensor): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, dy.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(dy, axes) : dy, shape);
}

const elementwise: readonly tf.GradConfig[] = [
  binary(
    "Add",
    (dy) => dy,
    (dy) => dy,
  ),
  binary(
    "Sub",
    (dy) => dy,
    (dy) => tf.neg(dy),
  ),
  binary(
    "Multiply",
    (dy, _, b) => tf.mul(dy, b),
    (dy, a) => tf.mul(dy, a),
  ),
  binary(
    "RealDiv",
    (dy, _, b) => tf.div(dy, b),
    (dy, a, b) => tf.neg(tf.div(tf.mul(dy, a), tf.square(b))),
  ),
  fromInput("Neg", (dy) => tf.neg(dy)),
  fromInput("Identity", (dy) => tf.clone(dy)),
  fromInput("Cast", (dy) => tf.cast(dy, "float32")),
  fromInput("Abs", (dy, x) => tf.mul(dy, tf.sign(x))),
  fromInput("Square", (dy, x) => tf.mul(dy, tf.mul(x, 2))),
  fromInput("Log", (dy, x) => tf.div(dy, x)),
  fromInput("Relu", (dy, x) => tf.mul(dy, tf.step(x))),
  fromInput("Erf", (dy, x) =>
    tf.mul(dy, tf.mul(tf.exp(tf.neg(tf.square(x))), 2 / Math.sqrt(Math.PI))),
  ),
  fromOutput("Exp", "x", (dy, y) => tf.mul(dy, y)),
  fromOutput("Sqrt", "x", (dy, y) => tf.div(dy, tf.mul(y, 2))),
  fromOutput("Sigmoid", "x", (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y)))),
  fromOutput("Tanh", "x", (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y)))),
  fromOutput("Softmax", "logits", (dy, y) => {
    const product = tf.mul(dy, y);
    return tf.sub(product, tf.mul(tf.sum(product, -1, true), y));
  }),
  ofInputs("Select", ["condition"], (dy, [condition]) => {
    const chosen = tf.cast(condition as tf.Tensor, "float32");
    return { t: () => tf.mul(dy, chosen), e: () => tf.mul(dy, tf.sub(1, chosen)) };
  }),
];

const shapes: readonly tf.GradConfig[] = [
  fromInput("Reshape", (dy, x) => tf.reshape(dy, x.shape)),
  ofInputs("Transpose", [], (dy, _, attributes) => {
    const order = attributes["perm"] as number[];
    return {
      x: () =>
        tf.transpose(
          dy,
          Array.from(order.keys(), (axis) => order.indexOf(axis)),
        ),
    };
  }),
  ofInputs("Slice", ["x"], (dy, [x], attributes) => {
    const begin = attributes["begin"] as number[];
    const around = (x as tf.Tensor).shape.map((size, axis): [number, number] => {
      const before = begin[axis] ?? 0;
      return [before, size - before - (dy.shape[axis] as number)];
    });
    return { x: () => tf.pad(dy, around) };
  }),
  ofInputs("PadV2", ["x"], (dy, [x], attributes) => {
    const before = (attributes["paddings"] as [number, number][]).map(([first]) => first);
    return { x: () => tf.slice(dy, before, (x as tf.Tensor).shape) };
  }),
  {
    kernelName: "Concat",
    saveAllInputs: true,
    gradFunc: (dy, saved, attributes) => {
      const axis = attributes["axis"] as number;
      const sizes = saved.map(({ shape }) => shape.at(axis) as number);
      const parts = tf.split(dy as tf.Tensor, sizes, axis);
      return Object.fromEntries(parts.map((part, i) => [i, () => part]));
    },
  },
];

/** dy of a reduction over `axis`, with its axes back and as often as they were summed. */
function spread(dy: tf.Tensor, x: tf.Tensor, attributes: Attributes): tf.Tensor {
  const all = [...x.shape.keys()];
  const axes = tf.util.parseAxisParam((attributes["axis"] as number[] | null) ?? all, x.shape);
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return tf.mul(tf.reshape(dy, kept), tf.ones(x.shape));
}

const reductions: readonly tf.GradConfig[] = [
  ofInputs("Sum", ["x"], (dy, [x], attributes) => ({
    x: () => spread(dy, x as tf.Tensor, attributes),
  })),
  ofInputs("Mean", ["x"], (dy, saved, attributes) => {
    const x = saved[0] as tf.Tensor;
    return { x: () => tf.mul(spread(dy, x, attributes), dy.size / x.size) };
  }),
];

const resampling: readonly tf.GradConfig[] = [
  ofInputs("Conv2DBackpropInput", ["dy", "filter"], (slope, saved, attributes) => {
    const [dy, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
    const { strides, pad, dataFormat, dimRoundingMode } = attributes;
    const settings = { strides, pad, dataFormat, dimRoundingMode } as Attributes;
    const run = (kernel: string, inputs: tf.NamedTensorMap, more: Attributes) =>
      tf.engine().runKernel(kernel, inputs, { ...settings, ...more }) as tf.Tensor;
    return {
      dy: () => run("Conv2D", { x: slope, filter }, { dilations: 1 }),
      filter: () => run("Conv2DBackpropFilter", { x: slope, dy }, { filterShape: filter.shape }),
    };
  }),
  ofInputs("ResizeNearestNeighbor", ["images"], (dy, saved, attributes) => {
    const inputs: tf.NamedTensorMap = { images: saved[0] as tf.Tensor, dy };
    return {
      images: () =>
        tf.engine().runKernel("ResizeNearestNeighborGrad", inputs, attributes) as tf.Tensor,
    };
  }),
];
