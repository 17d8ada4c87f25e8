/** Folds the flow's batch norms into the couplings of its inverse. */
import { add, exp, multiply, perChannel } from "../graph/build.ts";
import { type Parameter, rewrite, topologicalOrder, type Value } from "../graph/graph.ts";
import { type Coupling, changeNet, couplingAt } from "./coupling.ts";
import {
  type Affine,
  type Conv,
  type ConvChange,
  changeConv,
  type Pass,
  type Workshop,
} from "./folding.ts";

/** Folds the flow's batch norms into the couplings; one factor and one shift remain in front of all of them. */
export const foldBatchNorms: Pass = (graph, workshop) => {
  const inside = new Set(topologicalOrder(graph).flatMap((value) => innerOf(value) ?? []));
  const changed = new Map<Value, Value>();

  /** `original` followed by `after`. */
  const absorb = (original: Value, after: Affine): Value => {
    if (original.op.kind === "batch-norm-inverse") {
      const norm = affineOf(original.op, workshop);
      const factor = norm.factor.map((f, c) => f * (after.factor[c] as number));
      const shift = norm.shift.map(
        (s, c) => s * (after.factor[c] as number) + (after.shift[c] as number),
      );
      return absorb(original.inputs[0] as Value, { factor, shift });
    }
    const coupling = couplingAt(original);
    if (!coupling) return followedBy(changed.get(original) as Value, after, workshop);
    return absorbIntoCoupling(original, coupling, after);
  };

  const absorbIntoCoupling = (original: Value, coupling: Coupling, after: Affine): Value => {
    const { mask, u, kept, s, t } = coupling;
    const keeps = [...workshop.values(mask)].map((m) => m !== 0);
    // Changed channels take the factor before the coupling, the shift from t; kept ones take both before.
    const before: Affine = {
      factor: after.factor,
      shift: after.shift.map((shift, c) => (keeps[c] ? shift : 0)),
    };
    const into = absorb(u, before);
    const undo: ConvChange = {
      mark: "before its batch norm",
      before: {
        factor: before.factor.map((f) => 1 / f),
        shift: before.shift.map((s, c) => -s / (before.factor[c] as number)),
      },
    };
    const scale: ConvChange = { mark: "with its batch norm", after };
    const first = (op: Conv) => changeConv(op, workshop, undo);
    const masked: Value = { ...kept, inputs: [into] };
    const newS = changeNet(s, kept, masked, { first, last: (op) => op });
    const newT = changeNet(t, kept, masked, {
      first,
      last: (op) => changeConv(op, workshop, scale),
    });
    return { ...original, inputs: [into, add(multiply(into, exp(newS)), newT)] };
  };

  return rewrite(graph, (value, original) => {
    const isTop = innerOf(original) !== undefined && !inside.has(original);
    const none: Affine = {
      factor: new Array(value.channels).fill(1),
      shift: new Array(value.channels).fill(0),
    };
    const result = isTop ? absorb(original, none) : value;
    changed.set(original, result);
    return result;
  });
};

/** The value that a step of the flow transforms. */
function innerOf(value: Value): Value | undefined {
  return value.op.kind === "batch-norm-inverse" ? value.inputs[0] : couplingAt(value)?.u;
}

function affineOf(
  op: Extract<Value["op"], { kind: "batch-norm-inverse" }>,
  workshop: Workshop,
): Affine {
  const of = (parameter: Parameter) => [...workshop.values(parameter)];
  const [beta, mean, variance] = [of(op.beta), of(op.mean), of(op.variance)];
  const factor = of(op.logGamma).map(
    (g, c) => Math.exp(-g) * Math.sqrt((variance[c] as number) + op.epsilon),
  );
  return {
    factor,
    shift: factor.map((f, c) => (mean[c] as number) - (beta[c] as number) * f),
  };
}

function followedBy(value: Value, { factor, shift }: Affine, workshop: Workshop): Value {
  if (factor.every((f) => f === 1) && shift.every((s) => s === 0)) return value;
  const number = (name: string, values: readonly number[]): Value => {
    workshop.make(name, [values.length], Float32Array.from(values));
    return perChannel(name, values.length);
  };
  return add(
    multiply(value, number("flow batch norms: factor", factor)),
    number("flow batch norms: shift", shift),
  );
}
