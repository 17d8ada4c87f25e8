/**
 * Extends a model by outputs with the ranges of the values that quantisable convs read and write, two numbers a
 * value.
 */
import type { ConvRange, GraphRanges, ValueRange } from "../weights/int8-ranges.ts";
import type { OnnxModel, OnnxNode, OnnxPort, OnnxTensor } from "./proto.ts";
import { fingerprintOf, quantisableConvs } from "./quantisable.ts";

/** Share of the values that may lie beyond each end, so that a few outliers do not waste quantisation levels. */
const tail = 5e-5;

export interface ObservedModel {
  readonly model: OnnxModel;
  /** The ranges of one run, read from the model's outputs by name. */
  rangesIn(numberOf: (output: string) => number): GraphRanges;
}

/** Computes the ends inside the runtime, so that no intermediate value has to be kept or copied out. */
export function observe(model: OnnxModel): ObservedModel {
  const convs = quantisableConvs(model);
  const values = [...new Set(convs.flatMap(({ input, output }) => [input, output]))];
  const nodes: OnnxNode[] = [];
  const outputs: OnnxPort[] = [];
  const node = (op: string, inputs: readonly string[], output: string, more = {}): string => {
    nodes.push({ op, inputs, output, ...more });
    return output;
  };
  for (const name of values) {
    const flat = node("Reshape", [name, "in a row"], `${name} in a row`);
    const count = node("Cast", [node("Shape", [flat], `${name} count`)], `${name} number`, float);
    const beyond = node("Mul", [count, "tail"], `${name} beyond`);
    const last = node("Cast", [node("Ceil", [beyond], `${name} last`)], `${name} ends`, integer);
    for (const end of ["low", "high"] as const) {
      const largest = end === "high" ? 1 : 0;
      const extremes = node("TopK", [flat, last], `${name} ${end} ends`, {
        second: `${name} ${end} places`,
        attributes: { largest, sorted: 0 },
      });
      const inner = largest === 1 ? "ReduceMin" : "ReduceMax";
      const output = node(inner, [extremes], endOf(name, end), { attributes: { keepdims: 0 } });
      outputs.push({ name: output, dims: [] });
    }
  }
  const constants: OnnxTensor[] = [
    { name: "in a row", dims: [1], values: BigInt64Array.of(-1n) },
    { name: "tail", dims: [1], values: Float32Array.of(tail) },
  ];
  return {
    model: {
      ...model,
      nodes: [...model.nodes, ...nodes],
      outputs: [...model.outputs, ...outputs],
      initializers: [...model.initializers, ...constants],
    },
    rangesIn(numberOf) {
      const range = (name: string): ValueRange => [
        numberOf(endOf(name, "low")),
        numberOf(endOf(name, "high")),
      ];
      const ranges = convs.map(
        ({ input, output }): ConvRange => ({ input: range(input), output: range(output) }),
      );
      return { convs: fingerprintOf(convs), ranges };
    },
  };
}

const float = { attributes: { to: 1 } };
const integer = { attributes: { to: 7 } };

function endOf(name: string, end: "low" | "high"): string {
  return `${name} ${end}`;
}
