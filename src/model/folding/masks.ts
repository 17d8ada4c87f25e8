/** Folds the flow's masks. The two passes suit different channel layouts; apply one of them. */
import { add, exp, multiply, pick } from "../graph/build.ts";
import { rewrite, type Value } from "../graph/graph.ts";
import { changeNet, couplingAt } from "./coupling.ts";
import { type Conv, changeConv, type Pass, pickConv } from "./folding.ts";

/** Reduces a coupling's nets to read the kept channels only and to compute the changed channels only. */
export const sliceCouplings: Pass = (graph, workshop) =>
  rewrite(graph, (value) => {
    const coupling = couplingAt(value);
    if (!coupling) return value;
    const { mask, u, kept, s, t } = coupling;
    const keeps = workshop.values(mask);
    const all = [...keeps.keys()];
    const inputs = all.filter((c) => keeps[c] !== 0);
    const outputs = all.filter((c) => keeps[c] === 0);
    const [same, other] = [pick(u, inputs), pick(u, outputs)];
    const slice = (net: Value) =>
      changeNet(net, kept, same, {
        first: (op) => pickConv(op, workshop, { mark: "of kept channels", inputs }),
        last: (op) => pickConv(op, workshop, { mark: "of changed channels", outputs }),
      });
    const changed = add(multiply(other, exp(slice(s))), slice(t));
    const joined: Value = {
      op: { kind: "concat" },
      inputs: [same, changed],
      channels: all.length,
      scale: value.scale,
    };
    const order = [...inputs, ...outputs];
    return pick(
      joined,
      all.map((c) => order.indexOf(c)),
    );
  });

/** Replaces a coupling by u·exp(s) + t without a mask, with s and t zero for kept channels. */
export const zeroMasks: Pass = (graph, workshop) =>
  rewrite(graph, (value) => {
    const coupling = couplingAt(value);
    if (!coupling) return value;
    const { mask, u, kept, s, t } = coupling;
    const keeps = [...workshop.values(mask)];
    const shift = keeps.map(() => 0);
    const before = { factor: keeps.map((keep) => (keep === 0 ? 0 : 1)), shift };
    const after = { factor: keeps.map((keep) => (keep === 0 ? 1 : 0)), shift };
    const first = (op: Conv) =>
      changeConv(op, workshop, { mark: "zero on changed channels", before });
    const last = (op: Conv) => changeConv(op, workshop, { mark: "zero for kept channels", after });
    const zeroed = (net: Value) => changeNet(net, kept, u, { first, last });
    return add(multiply(u, exp(zeroed(s))), zeroed(t));
  });
