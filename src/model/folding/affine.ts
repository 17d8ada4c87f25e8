/** Folds per-channel factors and shifts into the 1×1 convs beside them. */

import { rewrite, type Value } from "../graph/graph.ts";
import { asConv, changeConv, type Pass } from "./folding.ts";

/** Folds the affine part of a layer norm into the 1×1 convs that read it: conv(w·x̂ + b) = conv'(x̂). */
export const foldLayerNorms: Pass = (graph, workshop) =>
  rewrite(graph, (value) => {
    const conv = asConv(value);
    const norm = value.inputs[0];
    if (conv?.op.side !== 1 || norm?.op.kind !== "layer-norm") return value;
    const { weight, bias, ...bare } = norm.op;
    if (!weight || !bias) return value;
    const op = changeConv(conv.op, workshop, {
      mark: `after ${weight.name}`,
      before: { factor: [...workshop.values(weight)], shift: [...workshop.values(bias)] },
    });
    return { ...value, op, inputs: [{ ...norm, op: bare }] };
  });

/** Folds NAFNet's beta and gamma into conv3 and conv5: f·conv(x) = conv'(x). */
export const foldScales: Pass = (graph, workshop) =>
  rewrite(graph, (value) => {
    const conv = asConv(value.inputs[0]);
    if (!conv || value.op.kind !== "scale-channels") return value;
    const { factor } = value.op;
    const factors = [...workshop.values(factor)];
    const op = changeConv(conv.op, workshop, {
      mark: `times ${factor.name}`,
      after: { factor: factors, shift: factors.map(() => 0) },
    });
    return { ...conv, op } satisfies Value;
  });
