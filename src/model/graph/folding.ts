/**
 * Folding: graph and weights in, an equal net that costs less out. Each pass is exact algebra on what is
 * known before any picture is: products of weights are formed in float64 and rounded once.
 */
import type { Tensor, Weights } from "../weights/weights.ts";
import { type Graph, type Op, type Parameter, parameters, type Value } from "./graph.ts";

/** A graph and the weights it reads. */
export interface Net<G extends Graph = Graph> {
  readonly graph: G;
  readonly weights: Weights;
}

/** One simplification. It leaves alone what it does not recognise. */
export type Pass = <G extends Graph>(graph: G, workshop: Workshop) => G;

/** The passes applied one after the other; the result's weights are those its graph reads. */
export function fold<G extends Graph>(graph: G, weights: Weights, passes: readonly Pass[]): Net<G> {
  const workshop = createWorkshop(weights);
  const folded = passes.reduce((g, pass) => pass(g, workshop), graph);
  const read = parameters(folded).map(({ name }) => [name, workshop.tensor(name)] as const);
  return { graph: folded, weights: new Map(read) };
}

/** Where parameters are made from parameters. */
export interface Workshop {
  tensor(name: string): Tensor;
  values(parameter: Parameter): Float32Array;
  /** A new parameter; `at` gives each value by its place. */
  make(name: string, shape: readonly number[], at: (index: number) => number): Parameter;
}

function createWorkshop(weights: Weights): Workshop {
  const tensors = new Map(weights);
  const tensor = (name: string): Tensor => {
    const found = tensors.get(name);
    if (!found) throw new Error(`the weights have no ${name}`);
    return found;
  };
  return {
    tensor,
    values: ({ name }) => tensor(name).data,
    make(name, shape, at) {
      const size = shape.reduce((a, b) => a * b, 1);
      // A loop: Float32Array.from asks an iterator for millions of values.
      const data = new Float32Array(size);
      for (let i = 0; i < size; i++) data[i] = at(i);
      tensors.set(name, { shape, data });
      return { name, shape };
    },
  };
}

export type Conv = Extract<Op, { kind: "conv" }>;

/** `value` if it is a conv. */
export function asConv(value: Value | undefined): (Value & { readonly op: Conv }) | undefined {
  return value?.op.kind === "conv" ? (value as Value & { readonly op: Conv }) : undefined;
}

/** What to make of a conv's numbers. */
export interface ConvChange {
  /** Marks the new parameters' names. */
  readonly mark: string;
  /** From weight w at (output o, input i). */
  readonly weight: (w: number, o: number, i: number) => number;
  /** From bias b of output o (0 where there is none) and that output's weights by input, summed over taps. */
  readonly bias: (b: number, o: number, row: (i: number) => number) => number;
}

/** A conv's operation with other numbers and always a bias. */
export function changeConv(op: Conv, workshop: Workshop, change: ConvChange): Conv {
  const { weight, bias } = op;
  const weights = workshop.values(weight);
  const biases = bias && workshop.values(bias);
  const [out = 0, into = 0] = weight.shape;
  const taps = weights.length / (out * into);
  const row = (o: number) => (i: number) => {
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) sum += weights[(o * into + i) * taps + tap] as number;
    return sum;
  };
  return {
    ...op,
    weight: workshop.make(`${weight.name} ${change.mark}`, weight.shape, (index) => {
      const o = Math.floor(index / (into * taps));
      const i = Math.floor(index / taps) % into;
      return change.weight(weights[index] as number, o, i);
    }),
    bias: workshop.make(`${weight.name} bias ${change.mark}`, [out], (o) =>
      change.bias(biases?.[o] ?? 0, o, row(o)),
    ),
  };
}

/** A conv's operation on some of its outputs and inputs, in the order listed. */
export function pickConv(
  op: Conv,
  workshop: Workshop,
  pick: { mark: string; outputs?: readonly number[]; inputs?: readonly number[] },
): Conv {
  const { weight, bias, ...rest } = op;
  const [out = 0, into = 0, ...sides] = weight.shape;
  const { outputs = [...Array(out).keys()], inputs = [...Array(into).keys()] } = pick;
  const weights = workshop.values(weight);
  const taps = weights.length / (out * into);
  const picked: Conv = {
    ...rest,
    groups: op.groups > 1 ? outputs.length : 1,
    weight: workshop.make(
      `${weight.name} ${pick.mark}`,
      [outputs.length, inputs.length, ...sides],
      (index) => {
        const o = outputs[Math.floor(index / (inputs.length * taps))] as number;
        const i = inputs[Math.floor(index / taps) % inputs.length] as number;
        return weights[(o * into + i) * taps + (index % taps)] as number;
      },
    ),
  };
  if (!bias) return picked;
  const biases = workshop.values(bias);
  const make = (i: number) => biases[outputs[i] as number] as number;
  return {
    ...picked,
    bias: workshop.make(`${bias.name} ${pick.mark}`, [outputs.length], make),
  };
}
