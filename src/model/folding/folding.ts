/**
 * Folds a graph and its weights into an equal net that costs less. Each pass is exact algebra on constants;
 * products of weights are computed in float64 and rounded once.
 */

import { type Graph, type Op, type Parameter, parameters, type Value } from "../graph/graph.ts";
import type { Tensor, Weights } from "../weights/weights.ts";

/** A graph and the weights it reads. */
export interface WeightedGraph<G extends Graph = Graph> {
  readonly graph: G;
  readonly weights: Weights;
}

/** One simplification; leaves unrecognised parts unchanged. */
export type Pass = <G extends Graph>(graph: G, workshop: Workshop) => G;

/** Applies the passes one after the other; the result contains only the weights that its graph reads. */
export function fold<G extends Graph>(
  graph: G,
  weights: Weights,
  passes: readonly Pass[],
): WeightedGraph<G> {
  const workshop = createWorkshop(weights);
  const folded = passes.reduce((g, pass) => pass(g, workshop), graph);
  const read = parameters(folded).map(({ name }) => [name, workshop.tensor(name)] as const);
  return { graph: folded, weights: new Map(read) };
}

/** Creates parameters from other parameters. */
export interface Workshop {
  tensor(name: string): Tensor;
  values(parameter: Parameter): Float32Array;
  /** Adds a new parameter. */
  make(name: string, shape: readonly number[], data: Float32Array): Parameter;
}

function createWorkshop(weights: Weights): Workshop {
  const tensors = new Map(weights);
  const tensor = (name: string): Tensor => {
    const found = tensors.get(name);
    if (!found) throw new Error(`the weights lack ${name}`);
    return found;
  };
  return {
    tensor,
    values: ({ name }) => tensor(name).data,
    make(name, shape, data) {
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

/** x ↦ factor·x + shift for each channel, in float64. */
export interface Affine {
  readonly factor: readonly number[];
  readonly shift: readonly number[];
}

/** A change to the numbers of a conv. */
export interface ConvChange {
  /** Appended to the new parameters' names. */
  readonly mark: string;
  /** Applied to each input before the conv; a shift is allowed only without padding. */
  readonly before?: Affine;
  /** Applied to each output. */
  readonly after?: Affine;
}

/** after(conv(before(x))) as one conv, always with a bias. Plain loops: there are millions of weights. */
export function changeConv(op: Conv, workshop: Workshop, change: ConvChange): Conv {
  const { weight, bias } = op;
  const { mark, before, after } = change;
  const weights = workshop.values(weight);
  const biases = bias && workshop.values(bias);
  const [out = 0, into = 0] = weight.shape;
  const taps = weights.length / (out * into);
  const changed = new Float32Array(weights.length);
  const changedBiases = new Float32Array(out);
  for (let o = 0, at = 0; o < out; o++) {
    const outer = after ? (after.factor[o] as number) : 1;
    let sum = biases ? (biases[o] as number) : 0;
    for (let i = 0; i < into; i++) {
      const factor = before ? (before.factor[i] as number) * outer : outer;
      let row = 0;
      for (const end = at + taps; at < end; at++) {
        const w = weights[at] as number;
        row += w;
        changed[at] = w * factor;
      }
      if (before) sum += (before.shift[i] as number) * row;
    }
    changedBiases[o] = after ? sum * outer + (after.shift[o] as number) : sum;
  }
  return {
    ...op,
    weight: workshop.make(`${weight.name} ${mark}`, weight.shape, changed),
    bias: workshop.make(`${weight.name} bias ${mark}`, [out], changedBiases),
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
  const values = new Float32Array(outputs.length * inputs.length * taps);
  let at = 0;
  for (const o of outputs) {
    const row = weights.subarray(o * into * taps, (o + 1) * into * taps);
    if (pick.inputs === undefined) {
      values.set(row, at);
      at += row.length;
    } else {
      for (const i of inputs) {
        for (let tap = 0; tap < taps; tap++) values[at++] = row[i * taps + tap] as number;
      }
    }
  }
  const shape = [outputs.length, inputs.length, ...sides];
  const picked: Conv = {
    ...rest,
    groups: op.groups > 1 ? outputs.length : 1,
    weight: workshop.make(`${weight.name} ${pick.mark}`, shape, values),
  };
  if (!bias) return picked;
  const biases = workshop.values(bias);
  const pickedBiases = Float32Array.from(outputs, (o) => biases[o] as number);
  const name = `${bias.name} ${pick.mark}`;
  return { ...picked, bias: workshop.make(name, [outputs.length], pickedBiases) };
}
