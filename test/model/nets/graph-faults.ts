/** Changes nodes of a graph, to plant faults in it. */
import { cut, join } from "../../../src/model/graph/build.ts";
import { type Graph, rewrite, type Value } from "../../../src/model/graph/graph.ts";
import type { Tensor, Weights } from "../../../src/model/weights/weights.ts";
import type { Tensors } from "../consumers.ts";

export interface Fault {
  readonly change?: (graph: Graph) => Graph;
  readonly weights?: Weights;
  readonly feed?: (feeds: Tensors) => Tensors;
}

/** The weight of a conv, without `.weight`; empty for other nodes. */
export const nameOf = (value: Value | undefined): string =>
  value?.op.kind === "conv" || value?.op.kind === "upconv"
    ? value.op.weight.name.replace(/\.weight$/, "")
    : "";
export const isUnary = (value: Value | undefined, of: string): boolean =>
  value?.op.kind === "unary" && value.op.of === of;
export const isBinary = (value: Value | undefined, of: string): boolean =>
  value?.op.kind === "binary" && value.op.of === of;
export const first = (value: Value | undefined): Value => value?.inputs[0] as Value;
export const second = (value: Value | undefined): Value => value?.inputs[1] as Value;

/** A changed node; undefined: unchanged. The second argument is the node before any change. */
type Change = (value: Value, original: Value) => Value | undefined;

/** Applies `change` to every node; patches follow from the inputs again. */
export const everywhere =
  (change: Change) =>
  (graph: Graph): Graph =>
    rewrite(graph, (value, original) => change(value, original) ?? fitted(value));

/** A node with the patches of its inputs. */
function fitted(value: Value): Value {
  const { op, inputs } = value;
  if (op.kind === "cut") return cut(first(value), op.axis);
  if (op.kind === "join") return join(first(value), op.axis);
  const { patches: _, ...rest } = value;
  const found = inputs.find(({ patches }) => patches)?.patches;
  return { ...rest, ...(found && { patches: found }) };
}

/** Leaves out activations whose input is a conv of this name. */
export const without = (name: RegExp): Fault => ({
  change: everywhere((value, original) =>
    original.op.kind === "unary" && name.test(nameOf(first(original))) ? first(value) : undefined,
  ),
});

/** Changes the convs of this name. */
export const atConv = (name: RegExp, change: (value: Value) => Value): Fault => ({
  change: everywhere((value, original) =>
    name.test(nameOf(original)) ? change(fitted(value)) : undefined,
  ),
});

/** Changes sums one of whose operands is a conv of this name. */
export const atSum = (
  name: RegExp,
  change: (value: Value) => Value,
  operand: 0 | 1 = 1,
): Fault => ({
  change: everywhere((value, original) =>
    isBinary(original, "add") && name.test(nameOf(original.inputs[operand]))
      ? change(fitted(value))
      : undefined,
  ),
});

/** Exchanges the operands of the concatenation before the convs of this name. */
export const swapped = (name: RegExp): Fault =>
  atConv(name, (value) => ({
    ...value,
    inputs: [{ ...first(value), inputs: first(value).inputs.toReversed() }],
  }));

/** Changes the nodes of a kind. */
export const ofKind = (
  kind: string,
  change: (value: Value) => Value,
  only: (value: Value) => boolean = () => true,
): Fault => ({
  change: everywhere((value, original) =>
    original.op.kind === kind && only(original) ? change(fitted(value)) : undefined,
  ),
});

/** Reads weights under changed names. */
export const renamed = (weights: Weights, rename: (name: string) => string): Fault => ({
  weights: new Map([...weights.keys()].map((name) => [name, weights.get(rename(name)) as Tensor])),
});
