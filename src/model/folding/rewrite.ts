/** Graph surgery: a graph in, the same graph with some of its nodes exchanged out. */
import { type Graph, topologicalOrder, type Value } from "../graph/graph.ts";

/** Every node replaced by what `change` makes of it (inputs replaced already; the original beside it). */
export function rewrite<G extends Graph>(
  graph: G,
  change: (value: Value, original: Value) => Value,
): G {
  const changed = new Map<Value, Value>();
  for (const original of topologicalOrder(graph)) {
    const inputs = original.inputs.map((input) => changed.get(input) as Value);
    changed.set(original, change({ ...original, inputs }, original));
  }
  const outputs = Object.entries(graph).map(([name, value]) => [name, changed.get(value)]);
  return Object.fromEntries(outputs) as G;
}

/** The nearest node at or below `value` that `matches`. @throws Error where there is none */
export function findValue(value: Value, matches: (value: Value) => boolean): Value {
  const found = topologicalOrder({ value }).findLast(matches);
  if (!found) throw new Error("no such node");
  return found;
}
