/**
 * Recognises a coupling of the flow's inverse, x = m·u + (1 − m)·(u·exp(s(m·u)) + t(m·u)), and rebuilds its nets.
 * It keeps some channels and changes the others; the mask in the weights determines which.
 */

import { type Parameter, topologicalOrder, type Value } from "../graph/graph.ts";
import { asConv, type Conv } from "./folding.ts";

/** A coupling's parts: the input u, the masked input that its nets read, and the nets' last layers. */
export interface Coupling {
  readonly mask: Parameter;
  readonly u: Value;
  readonly kept: Value;
  readonly s: Value;
  readonly t: Value;
}

/** The coupling that computes `value`; undefined if it is not one. */
export function couplingAt(value: Value): Coupling | undefined {
  if (value.op.kind !== "select") return undefined;
  const { mask } = value.op;
  const [u, sum] = value.inputs as [Value, Value];
  const [stretched, t] = sum.inputs;
  const exponential = stretched?.inputs[1];
  const s = exponential?.inputs[0];
  if (!t || !s || exponential.op.kind !== "unary" || exponential.op.of !== "exp") return undefined;
  const kept = topologicalOrder({ t }).find(
    ({ op, inputs }) =>
      op.kind === "scale-channels" && op.factor.name === mask.name && inputs[0] === u,
  );
  return kept && { mask, u, kept, s, t };
}

/** Changes to a net's first and last layers. */
export interface NetChange {
  readonly first: (op: Conv) => Conv;
  readonly last: (op: Conv) => Conv;
}

/** A coupling's net with `input` in place of `kept`. */
export function changeNet(net: Value, kept: Value, input: Value, change: NetChange): Value {
  const remake = (value: Value, isLast: boolean): Value => {
    if (value === kept) return input;
    const inputs = value.inputs.map((below) => remake(below, false));
    const conv = asConv(value);
    if (!conv) return { ...value, inputs, channels: inputs[0]?.channels ?? value.channels };
    let { op } = conv;
    if (value.inputs[0] === kept) op = change.first(op);
    if (isLast) op = change.last(op);
    return { ...value, op, inputs, channels: op.weight.shape[0] as number };
  };
  return remake(net, true);
}
