/** Graph surgery, to plant faults. */
import { type Graph, topologicalOrder, type Value } from "../../src/model/graph/graph.ts";

/** Every node replaced by what `change` makes of it (inputs replaced already; the original beside it). */
export function rewrite(graph: Graph, change: (value: Value, original: Value) => Value): Graph {
  const changed = new Map<Value, Value>();
  for (const original of topologicalOrder(graph)) {
    const inputs = original.inputs.map((input) => changed.get(input) as Value);
    changed.set(original, change({ ...original, inputs }, original));
  }
  return Object.fromEntries(
    Object.entries(graph).map(([name, value]) => [name, changed.get(value) as Value]),
  );
}

/** The nearest node at or below `value` that `matches`. */
export function findValue(value: Value, matches: (value: Value) => boolean): Value {
  const found = topologicalOrder({ value }).findLast(matches);
  if (!found) throw new Error("no such node");
  return found;
}
