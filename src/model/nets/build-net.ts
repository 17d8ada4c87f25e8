/** Builds the graphs of the net that a weights file describes. */
import type { NetConfig } from "../config.ts";
import type { Pooling } from "../engine.ts";
import { type Graph, parameters } from "../graph/graph.ts";
import { configOf, matchWeights, type StoredWeights } from "../weights/weights.ts";
import { deconvolveGraph } from "./deconvolution.ts";
import { decodeFlowGraph, estimateKernelsGraph, restoreGraph } from "./ufpnet.ts";

export interface Net {
  readonly config: NetConfig;
  /** In the order of execution; a plain NAFNet has the last one only. */
  readonly graphs: {
    readonly "estimate-kernels"?: Graph;
    readonly "decode-flow"?: Graph;
    /** Only for a net with deconvolution. */
    readonly deconvolve?: Graph;
    readonly restore: Graph;
  };
}

/**
 * The graphs of the weights' net; every parameter is checked to fit. With `noise`, decode-flow has an input for it.
 * @throws WeightsError if the weights belong to no UFPNet or NAFNet, or do not fit the net they describe
 */
export function buildNet(
  { tensors, metadata }: Pick<StoredWeights, "tensors" | "metadata">,
  pooling: Pooling,
  { noise = false }: { readonly noise?: boolean } = {},
): Net {
  const config = configOf(tensors, metadata);
  const graphs = {
    ...(config.kernelSize > 0 && {
      "estimate-kernels": estimateKernelsGraph(config),
      "decode-flow": { kernels: decodeFlowGraph(config, { noise }).kernels },
    }),
    ...(config.deconvolution === true && { deconvolve: deconvolveGraph(config) }),
    restore: restoreGraph(config, pooling),
  };
  matchWeights(Object.values(graphs).flatMap(parameters), tensors);
  return { config, graphs };
}
