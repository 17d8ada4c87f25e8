/**
 * The three stages of training (paper §3): the flow prior on simulated kernels, KE-Net through the frozen flow,
 * the restorer with both frozen. A stage is what it trains, what it makes of a batch without slopes, and its loss.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Border } from "../blur/planar-image.ts";
import type { NetConfig } from "../config.ts";
import { input } from "../graph/build.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { flowForward, kernelLogits } from "../nets/flow-prior.ts";
import { decodeFlowGraph, estimateKernelsGraph, restoreGraph } from "../nets/ufpnet.ts";
import { evaluate } from "../tfjs/evaluate.ts";
import { importParameters, type Parameters } from "../tfjs/parameters.ts";
import type { Weights } from "../weights/weights.ts";
import { type Feeds, freeze } from "./frozen-net.ts";
import { meanAbsolute, negativeLogLikelihood, psnrLoss } from "./losses.ts";
import { reblurByImage, reblurByKernels } from "./reblur-gradients.ts";
import type { TrainStage } from "./settings.ts";

interface Loss {
  readonly loss: tf.Scalar;
  /** What the batch moves but not by slopes: running means and variances, by name, after it. */
  readonly statistics: ReadonlyMap<string, tf.Tensor>;
}

export interface Stage<Batch> {
  /** Whose parameters, but for buffers, it trains. */
  readonly graph: Graph;
  /** Names of the running means and variances it moves. */
  readonly statistics: readonly string[];
  /** A batch as tensors, with whatever needs no slopes computed; the caller disposes them. */
  feed(batch: Batch): Feeds;
  /** The loss as a function of the parameters; `statistics` as they were before. */
  loss(feeds: Feeds, parameters: Parameters, statistics: Parameters): Loss;
  /** Lets the frozen nets go. */
  dispose(): void;
}

/** What stage I learns from. */
export interface KernelBatch {
  /** [n, k²], each of sum 1 before noise was added. */
  readonly kernels: Float32Array<ArrayBuffer>;
  readonly count: number;
}

/** What stages II and III learn from. */
export interface PairBatch {
  readonly count: number;
  /** Side of the patches, pixels. */
  readonly size: number;
  /** [n, 3, size, size] planar, 0..1. */
  readonly sharp: Float32Array<ArrayBuffer>;
  readonly blurry: Float32Array<ArrayBuffer>;
  /** Standard normal, [n, size/s, size/s, k²], where the kernels' codes are uncertain. */
  readonly noise: Float32Array<ArrayBuffer> | undefined;
}

/** Stage I: the negative log-likelihood of kernels (eq. 2), batch norms on the batch's statistics. */
export function flowStage(config: NetConfig, weights: Weights): Stage<KernelBatch> {
  const channels = config.kernelSize ** 2;
  const { graph, statistics: moved } = flowStageGraph(channels);
  const fixed = importParameters(graph, weights);
  return {
    graph,
    statistics: moved,
    feed: ({ kernels, count }) => ({ kernels: tf.tensor4d(kernels, [count, 1, 1, channels]) }),
    loss(feeds, parameters, before) {
      const { z, logDet, ...batch } = evaluate(graph, feeds, new Map([...fixed, ...parameters]));
      const statistics = moved.map((name) => {
        const now = tf.reshape(batch[name] as tf.Tensor, [channels]);
        const old = tf.mul(before.get(name) as tf.Tensor, 0.9);
        return [name, tf.add(old, tf.mul(now, 0.1))] as const;
      });
      return { loss: negativeLogLikelihood(z, logDet), statistics: new Map(statistics) };
    },
    dispose: () => tf.dispose([...fixed.values()]),
  };
}

/** Stage II: mean |x ⊗ f(G(y)) − y| (eq. 4), the codes drawn with their uncertainty (eq. 5, 6). */
export function kernelsStage(
  config: NetConfig,
  weights: Weights,
  border: Border,
): Stage<PairBatch> {
  const graph = estimateKernelsGraph(config);
  const flow = freeze({ kernels: decodeFlowGraph(config, { noise: true }).kernels }, weights);
  return {
    graph,
    statistics: [],
    feed: (batch) => tensorsOf(batch, config),
    loss(feeds, parameters) {
      const { blurry, sharp, ...noise } = feeds as PairFeeds;
      const { code, sigma } = evaluate(graph, { image: blurry }, parameters);
      const { kernels } = flow.run({ code, sigma, ...noise });
      const again = reblurByKernels(sharp, kernels, border);
      return { loss: meanAbsolute(again, blurry), statistics: new Map() };
    },
    dispose: flow.dispose,
  };
}

/** Weight of eq. 8 beside the PSNR loss. */
const lambda = 0.01;

/** Stage III: PSNR loss + 0.01 · mean |F(y) ⊗ K(y) − y| (eq. 8); a net without kernels has the first alone. */
export function restoreStage(
  config: NetConfig,
  weights: Weights,
  border: Border,
): Stage<PairBatch> {
  const graph = restoreGraph(config, "global");
  const withKernels = config.kernelSize > 0;
  const estimate = withKernels ? freeze(estimateKernelsGraph(config), weights) : undefined;
  const flow = withKernels
    ? freeze({ kernels: decodeFlowGraph(config, { noise: true }).kernels }, weights)
    : undefined;
  return {
    graph,
    statistics: [],
    feed: (batch) =>
      tf.tidy((): Feeds => {
        const { blurry, sharp, ...noise } = tensorsOf(batch, config);
        if (!estimate || !flow) return { blurry, sharp };
        return { blurry, sharp, ...flow.run({ ...estimate.run({ image: blurry }), ...noise }) };
      }),
    loss(feeds, parameters) {
      const { blurry, sharp, ...kernels } = feeds as PairFeeds & { readonly kernels?: tf.Tensor4D };
      const { residual } = evaluate(graph, { image: blurry, ...kernels }, parameters);
      // Not clamped: a clamped pixel would have no slope.
      const restored: tf.Tensor4D = tf.add(blurry, residual);
      const psnr = psnrLoss(restored, sharp);
      if (!kernels.kernels) return { loss: psnr, statistics: new Map() };
      const again = reblurByImage(restored, kernels.kernels, border);
      const reblur = meanAbsolute(again, blurry);
      return { loss: tf.add(psnr, tf.mul(reblur, lambda)), statistics: new Map() };
    },
    dispose() {
      estimate?.dispose();
      flow?.dispose();
    },
  };
}

interface PairFeeds extends Feeds {
  readonly blurry: tf.Tensor4D;
  readonly sharp: tf.Tensor4D;
}

/** [n, 3, h, w] → [n, h, w, 3]; the noise as it is. */
function tensorsOf({ count, size, sharp, blurry, noise }: PairBatch, config: NetConfig): PairFeeds {
  const image = (planes: Float32Array): tf.Tensor4D =>
    tf.tidy(() => tf.transpose(tf.tensor4d(planes, [count, 3, size, size]), [0, 2, 3, 1]));
  const cells = size / config.kernelStride;
  return {
    sharp: image(sharp),
    blurry: image(blurry),
    ...(noise && { noise: tf.tensor4d(noise, [count, cells, cells, config.kernelSize ** 2]) }),
  };
}

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

/** A batch of any stage. */
export type AnyBatch = KernelBatch | PairBatch;

/** What a name opens takes the batches of that name; edge pixels go on, as in the released stage III. */
export function openStage(name: TrainStage, config: NetConfig, weights: Weights): Stage<AnyBatch> {
  const opened =
    name === "flow"
      ? flowStage(config, weights)
      : name === "kernels"
        ? kernelsStage(config, weights, "replicate")
        : restoreStage(config, weights, "replicate");
  return opened as Stage<AnyBatch>;
}
