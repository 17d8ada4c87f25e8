/** Builds the graphs of the net that a weights file describes. */
import type { NetConfig } from "../config.ts";
import type { Pooling } from "../engine.ts";
import { type Graph, parameters } from "../graph/graph.ts";
import { withoutPreluCopies } from "../weights/shared-prelu.ts";
import { configOf, matchWeights, type StoredWeights } from "../weights/weights.ts";
import { deconvolveGraph } from "./deconvolution.ts";
import {
  decodeFlowGraph,
  deconvolveAndRestoreGraph,
  estimateKernelsGraph,
  restoreGraph,
} from "./ufpnet.ts";

export interface Net {
  readonly config: NetConfig;
  /** In the order of execution; a restorer without kernels is the last one only. */
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
 * @throws WeightsError if the weights belong to no net of ours, or do not fit the net they describe
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
  // Only training reads the parameters of a MIMO-UNet's smaller images.
  const whole = config.restorer ? deconvolveAndRestoreGraph(config, pooling) : graphs.restore;
  const all: readonly Graph[] = Object.values({ ...graphs, restore: whole });
  matchWeights(all.flatMap(parameters), withoutPreluCopies(tensors));
  return { config, graphs };
}
