/** Costs against the figures of the published configuration, counted by the authors' code at 256×256. */
import { describe, expect, it } from "vitest";
import { presets } from "../../../src/model/config.ts";
import { countMacs } from "../../../src/model/graph/count-macs.ts";
import type { Graph, Parameter } from "../../../src/model/graph/graph.ts";
import {
  decodeFlowGraph,
  estimateKernelsGraph,
  restoreGraph,
} from "../../../src/model/nets/ufpnet.ts";

const config = presets.paper;
const restore = restoreGraph(config, "global");
const giga = (graph: Graph, counts?: (weight: Parameter) => boolean) =>
  countMacs(graph, 256, 256, counts) / 1e9;
const isAttention = ({ name }: Parameter) => name.includes(".kernel_atttion.");
/** kernel_down.2 and .3, to 32×32 and 16×16: published and counted there, read by nothing, not in our graph. */
const unread = (361 * 361 * 4 * (32 * 32 + 16 * 16)) / 1e9;

describe("multiply–accumulates of the published net at 256×256", () => {
  it.each<[string, number, number]>([
    ["KE-Net", giga(estimateKernelsGraph(config)), 96.2],
    ["the flow", giga(decodeFlowGraph(config)), 12.2],
    ["kernel attention", giga(restore, isAttention), 52.8],
    [
      "NAFNet with the field's reductions",
      giga(restore, (w) => !isAttention(w)) + unread,
      63.2 + 11.2,
    ],
  ])("%s", (_, counted, published) => {
    expect(counted).toBeCloseTo(published, 1);
  });

  it("are the 235.7 G in all, with those nothing reads", () => {
    const graphs = [estimateKernelsGraph(config), decodeFlowGraph(config), restore];
    expect(graphs.reduce((sum, graph) => sum + giga(graph), unread)).toBeCloseTo(235.7, 1);
  });

  it("grow with the picture, but for what is pooled", () => {
    const [once, four] = [countMacs(restore, 256, 256), countMacs(restore, 512, 512)];
    const pooled = countMacs(restore, 256, 256, ({ name }) => name.includes(".sca."));
    expect(four).toBe(4 * (once - pooled) + pooled);
  });
});
