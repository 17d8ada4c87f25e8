/** Converts a float32 ONNX model to integer convs. */
import { UnavailableError } from "../../errors.ts";
import type { ConvRange, GraphRanges, ValueRange } from "../weights/int8-ranges.ts";
import type { OnnxModel, OnnxNode, OnnxPort, OnnxTensor } from "./proto.ts";
import { fingerprintOf, type QuantisableConv, quantisableConvs } from "./quantisable.ts";

/**
 * Wraps each conv in QuantizeLinear and DequantizeLinear, which ONNX Runtime fuses into an integer conv. Inputs,
 * outputs and values between the convs stay float32.
 *
 * x ≈ s·(q − z) (Jacob et al., CVPR 2018, eq. 1 to 11). Activations: one scale s and zero point z, q in 0..255.
 * Weights: a scale per output channel, z = 0, q in −127..127. Biases: 32 bits, in steps of the product of both scales.
 * @throws UnavailableError if the ranges belong to other convs
 */
export function toInt8(model: OnnxModel, { convs: of, ranges }: GraphRanges): OnnxModel {
  const convs = quantisableConvs(model);
  if (fingerprintOf(convs) !== of || convs.length !== ranges.length) {
    throw new UnavailableError(
      `the ranges for int8 were calibrated by another version (${ranges.length} convs ${of}, not ${convs.length} ${fingerprintOf(convs)}); calibrate the weights again`,
    );
  }
  const writer = createWriter();
  const byNode = new Map(convs.map((conv, i) => [conv.node, { conv, range: ranges[i] }]));
  const relus = new Set(convs.map(({ relu }) => relu));
  for (const node of model.nodes) {
    const { conv, range } = byNode.get(node) ?? {};
    if (conv && range) writeConv(writer, conv, range);
    // Quantisation levels that start at 0 replace the ReLU.
    else if (!relus.has(node)) writer.nodes.push(node);
  }
  const read = new Set(writer.nodes.flatMap(({ inputs }) => inputs));
  const initializers = [...model.initializers, ...writer.constants.values()];
  return {
    ...model,
    inside: model.inside.filter(isSmall),
    nodes: writer.nodes,
    initializers: initializers.filter(({ name }) => read.has(name)),
  };
}

/**
 * True for maps beyond the first two scales; for larger maps the dimensions are omitted. A buffer of known size is
 * kept for values of the same size, and int8 models have more of them than float32 models (peak at 512×512: 960 MB,
 * with known sizes 1,250 MB).
 */
function isSmall({ dims }: OnnxPort): boolean {
  return dims.every((size) => typeof size === "number" || /\/(?!2\b)\d/.test(size));
}

interface Writer {
  readonly nodes: OnnxNode[];
  readonly constants: Map<string, OnnxTensor>;
  /** The dequantised name of each value, and the scale of its levels. */
  readonly levels: Map<string, { readonly name: string; readonly scale: number }>;
}

function createWriter(): Writer {
  return { nodes: [], constants: new Map(), levels: new Map() };
}

function keep({ constants }: Writer, tensor: OnnxTensor): string {
  constants.set(tensor.name, tensor);
  return tensor.name;
}

function writeConv(writer: Writer, conv: QuantisableConv, range: ConvRange): void {
  const { node, weight, bias, input, output } = conv;
  // Values read by several convs, or written by a conv, are quantised already.
  const read = writer.levels.get(input) ?? toLevels(writer, input, input, range.input, "levels");
  const { values, scales } = levelsOfWeights(weight, bias, read.scale);
  const operand = (name: string, dims: readonly number[], steps: Int8Array | Int32Array) => {
    const quantised = keep(writer, { name: `${name} quantised`, dims, values: steps });
    const apart =
      steps instanceof Int8Array ? scales : scales.map((scale) => Math.fround(scale * read.scale));
    const scale = keep(writer, { name: `${name} scales`, dims: [scales.length], values: apart });
    const inputs = [quantised, scale];
    const attributes = { axis: 0 };
    writer.nodes.push({ op: "DequantizeLinear", inputs, output: `${name} levels`, attributes });
    return `${name} levels`;
  };
  const inputs = [read.name, operand(weight.name, weight.dims, values)];
  if (bias) {
    // A bias may be shared, but its scale depends on the conv's input.
    const steps = levelsOfBiases(bias.values as Float32Array, scales, read.scale);
    inputs.push(operand(`${weight.name} bias`, bias.dims, steps));
  }
  const exact = `${output} exact`;
  writer.nodes.push({ ...node, inputs, output: exact });
  toLevels(writer, exact, output, range.output, "");
}

/** Quantises `from` to 256 levels over its range, one of them 0, under the name of the value `name`. */
function toLevels(
  writer: Writer,
  from: string,
  name: string,
  [low, high]: ValueRange,
  mark: string,
): { readonly name: string; readonly scale: number } {
  const scale = Math.fround((high - low) / 255);
  const zero = Math.round(-low / scale);
  const about = [
    keep(writer, { name: `${name} scale`, dims: [], values: Float32Array.of(scale) }),
    keep(writer, { name: `${name} zero`, dims: [], values: Uint8Array.of(zero), type: "uint8" }),
  ];
  const quantised = `${name} quantised`;
  const output = mark === "" ? name : `${name} ${mark}`;
  writer.nodes.push({ op: "QuantizeLinear", inputs: [from, ...about], output: quantised });
  writer.nodes.push({ op: "DequantizeLinear", inputs: [quantised, ...about], output });
  const made = { name: output, scale };
  writer.levels.set(name, made);
  return made;
}

const mostWeight = 127;
/** Half the range of 32 bits, because the sum of products is added to it. */
const mostBias = 2 ** 30;

/** Quantised weights with a scale for each output channel, large enough for its bias to fit. */
function levelsOfWeights(
  { dims: [out = 1], values: exact }: OnnxTensor,
  bias: OnnxTensor | undefined,
  inputScale: number,
): { readonly values: Int8Array; readonly scales: Float32Array } {
  const weights = exact as Float32Array;
  const row = weights.length / out;
  const values = new Int8Array(weights.length);
  const scales = new Float32Array(out);
  for (let o = 0; o < out; o++) {
    const own = weights.subarray(o * row, (o + 1) * row);
    const most = own.reduce((largest, weight) => Math.max(largest, Math.abs(weight)), 0);
    const shift = Math.abs(bias ? (bias.values[o] as number) : 0);
    const scale = Math.max(most / mostWeight, shift / inputScale / mostBias) || 1;
    scales[o] = scale;
    for (let i = 0; i < row; i++) values[o * row + i] = Math.round((own[i] as number) / scale);
  }
  return { values, scales };
}

function levelsOfBiases(
  biases: Float32Array,
  scales: Float32Array,
  inputScale: number,
): Int32Array {
  return Int32Array.from(biases, (bias, o) =>
    Math.round(bias / Math.fround((scales[o] as number) * inputScale)),
  );
}
