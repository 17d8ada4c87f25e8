/** Selects the convs of a model that are computed with bytes. */
import { createHash } from "node:crypto";
import type { OnnxModel, OnnxNode, OnnxTensor } from "./proto.ts";

export interface QuantisableConv {
  readonly node: OnnxNode;
  readonly weight: OnnxTensor;
  readonly bias: OnnxTensor | undefined;
  /** Name of the value it reads. */
  readonly input: string;
  /** Name of its result: its own output, or that of the ReLU that is its only reader. */
  readonly output: string;
  readonly relu: OnnxNode | undefined;
}

/** With fewer channels, quantising takes longer than products of bytes save. */
const fewestChannels = 8;

/**
 * The model's full and depthwise convs, in order. Convs that carry the features themselves between scales (NAFNet's
 * downs and ups, the field's reductions) are excluded: they would lose two decibels and save a hundredth of the
 * time.
 */
export function quantisableConvs({ nodes, initializers }: OnnxModel): QuantisableConv[] {
  const constants = new Map(initializers.map((tensor) => [tensor.name, tensor]));
  const readers = readersOf(nodes);
  return nodes.flatMap((node) => {
    const [input = "", weightName = "", biasName = ""] = node.inputs;
    const weight = constants.get(weightName);
    if (node.op !== "Conv" || !weight || !isMany(node, weight)) return [];
    const reading = readers.get(node.output) ?? [];
    const [side = 0] = weight.dims.slice(2);
    if (side === 2 || reading.some(({ op }) => op === "DepthToSpace")) return [];
    const [reader, ...others] = reading;
    const relu = reader?.op === "Relu" && others.length === 0 ? reader : undefined;
    const output = relu?.output ?? node.output;
    return [{ node, weight, bias: constants.get(biasName), input, output, relu }];
  });
}

function isMany({ attributes = {} }: OnnxNode, { dims: [out = 0, into = 0] }: OnnxTensor): boolean {
  const { group } = attributes;
  const isDepthwise = into === 1 && group === out;
  return out >= fewestChannels && (isDepthwise || (group === 1 && into >= fewestChannels));
}

function readersOf(nodes: readonly OnnxNode[]): Map<string, OnnxNode[]> {
  const readers = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const name of node.inputs) {
      const known = readers.get(name);
      if (known) known.push(node);
      else readers.set(name, [node]);
    }
  }
  return readers;
}

/** Sixteen hex digits that change with the selection of convs and with the folding passes. */
export function fingerprintOf(convs: readonly QuantisableConv[]): string {
  const names = convs.map(({ weight, relu }) => `${weight.name} ${relu ? "relu" : ""}`);
  return createHash("sha256").update(names.join("\n")).digest("hex").slice(0, 16);
}
