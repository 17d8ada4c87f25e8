/** What stage I computes: kernels in, their codes, volume change and the batch norms' statistics out. */
import { input } from "../graph/build.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { flowForward, kernelLogits } from "../nets/flow-prior.ts";

type FlowStageGraph = Graph & { readonly z: Value; readonly logDet: Value };

/** Input `kernels` [k², 1, 1]; outputs z and logDet, and of each running statistic the batch's own by its name. */
export function flowStageGraph(channels: number): {
  readonly graph: FlowStageGraph;
  /** Names of the running statistics. */
  readonly statistics: readonly string[];
} {
  const { z, logDet, statistics } = flowForward(kernelLogits(input("kernels", channels)), "batch");
  return { graph: { z, logDet, ...statistics }, statistics: Object.keys(statistics) };
}
