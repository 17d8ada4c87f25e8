/** Splits convs whose output is sliced, so that the slices need not be copied. */

import { readersOf, rewrite, type Value } from "../graph/graph.ts";
import { asConv, type Pass, pickConv } from "./folding.ts";

/** Replaces slices of a conv's output by convs with fewer outputs. */
export const splitConvs: Pass = (graph, workshop) => {
  const readers = readersOf(graph);
  const outputs = new Set(Object.values(graph));
  /** True for a conv that only slices read, directly or through a depthwise conv: splitting it duplicates no work. */
  const isSplit = (value: Value): boolean =>
    asConv(value) !== undefined &&
    !outputs.has(value) &&
    (readers.get(value) ?? []).every(
      (reader) =>
        reader.op.kind === "slice" || ((asConv(reader)?.op.groups ?? 1) > 1 && isSplit(reader)),
    );
  const changed = new Map<Value, Value>();

  /** Channels [start, end) of an original value. */
  const slice = (original: Value, start: number, end: number): Value => {
    const value = changed.get(original) as Value;
    const conv = asConv(original);
    const channels = end - start;
    if (!conv || !isSplit(original)) {
      return { ...original, op: { kind: "slice", start, end }, inputs: [value], channels };
    }
    const list = Array.from({ length: channels }, (_, i) => start + i);
    const op = pickConv(conv.op, workshop, { mark: `[${start}, ${end})`, outputs: list });
    const input =
      conv.op.groups > 1 ? slice(conv.inputs[0] as Value, start, end) : (value.inputs[0] as Value);
    return { ...value, op, inputs: [input], channels };
  };

  return rewrite(graph, (value, original) => {
    const { op } = original;
    const isSlice = op.kind === "slice";
    const result = isSlice ? slice(original.inputs[0] as Value, op.start, op.end) : value;
    changed.set(original, result);
    return result;
  });
};
