/**
 * Defines the three stages of training (paper §3): the flow prior on simulated kernels, KE-Net through the frozen
 * flow, and the restorer with both frozen. A stage consists of a graph to train, preparation without gradients, and
 * a loss.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Border } from "../blur/planar-image.ts";
import type { NetConfig } from "../config.ts";
import { input } from "../graph/build.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { flowForward, kernelLogits } from "../nets/flow-prior.ts";
import {
  decodeFlowGraph,
  deconvolveAndRestoreGraph,
  estimateKernelsGraph,
} from "../nets/ufpnet.ts";
import { evaluate } from "../tfjs/evaluate.ts";
import { importParameters, type Parameters } from "../tfjs/parameters.ts";
import type { Weights } from "../weights/weights.ts";
import { fftLoss } from "./fft-loss.ts";
import { type Feeds, freeze } from "./frozen-net.ts";
import { kernelTruthLoss } from "./kernel-error.ts";
import { meanAbsolute, negativeLogLikelihood } from "./losses.ts";
import { reblurByImage, reblurByKernels } from "./reblur-gradients.ts";
import { restorationLoss } from "./restorer-losses.ts";
import { type LossWeights, paperLosses, type TrainStage } from "./settings.ts";

interface Loss {
  readonly loss: tf.Scalar;
  /** Running means and variances after the batch, by name; updated without gradients. */
  readonly statistics: ReadonlyMap<string, tf.Tensor>;
}

export interface Stage<Batch> {
  /** The graph whose parameters, except buffers, are trained. */
  readonly graph: Graph;
  /** Names of the running means and variances that the batch updates. */
  readonly statistics: readonly string[];
  /** A batch as tensors, with everything computed that needs no gradients; the caller disposes them. */
  feed(batch: Batch): Feeds;
  /** The loss as a function of the parameters; `statistics` are those before the step. */
  loss(feeds: Feeds, parameters: Parameters, statistics: Parameters): Loss;
  /** Disposes the frozen nets. */
  dispose(): void;
}

/** A batch of stage I. */
export interface KernelBatch {
  /** [n, k²], each with sum 1 before noise was added. */
  readonly kernels: Float32Array<ArrayBuffer>;
  readonly count: number;
}

/** A batch of stages II and III. */
export interface PairBatch {
  readonly count: number;
  /** Side of the patches, pixels. */
  readonly size: number;
  /** [n, 3, size, size] planar, 0..1. */
  readonly sharp: Float32Array<ArrayBuffer>;
  readonly blurry: Float32Array<ArrayBuffer>;
  /** Standard normal, [n, size/s, size/s, k²]; undefined for kernels without uncertainty. */
  readonly noise: Float32Array<ArrayBuffer> | undefined;
  /**
   * The kernels that the pairs were simulated with, at the centres of the net's cells: [n, size/s, size/s, k²]; zeros for
   * pairs whose blur is unknown. undefined: no loss needs them.
   */
  readonly knownKernels?: Float32Array<ArrayBuffer> | undefined;
}

/** Stage I: the negative log-likelihood of kernels (eq. 2), with batch norms on the batch's statistics. */
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

/**
 * Stage II: mean |x ⊗ f(G(y)) − y| (eq. 4), with codes sampled by their uncertainty (eq. 5, 6), and the error of kernels
 * that are known, times its weight.
 */
export function kernelsStage(
  config: NetConfig,
  weights: Weights,
  border: Border,
  { kernelTruth }: LossWeights = paperLosses,
): Stage<PairBatch> {
  const graph = estimateKernelsGraph(config);
  const flow = freeze({ kernels: decodeFlowGraph(config, { noise: true }).kernels }, weights);
  return {
    graph,
    statistics: [],
    feed: (batch) => tensorsOf(batch, config),
    loss(feeds, parameters) {
      const { blurry, sharp, knownKernels, ...noise } = feeds as PairFeeds & {
        readonly knownKernels?: tf.Tensor4D;
      };
      const { code, sigma } = evaluate(graph, { image: blurry }, parameters);
      const { kernels } = flow.run({ code, sigma, ...noise });
      const reblur = meanAbsolute(reblurByKernels(sharp, kernels, border), blurry);
      if (kernelTruth === 0 || knownKernels === undefined)
        return { loss: reblur, statistics: new Map() };
      const error = tf.mul(kernelTruthLoss(kernels, knownKernels), kernelTruth);
      return { loss: tf.add(reblur, error), statistics: new Map() };
    },
    dispose: flow.dispose,
  };
}

/** Weight of the reblurring loss in eq. 8. */
const lambda = 0.01;

/**
 * Stage III. NAFNet: PSNR loss + 0.01 · mean |F(y) ⊗ K(y) − y| (eq. 8), the latter only for a net with kernels. The
 * other restorers: their own published losses. And the difference of Fourier transforms, times its weight.
 */
export function restoreStage(
  config: NetConfig,
  weights: Weights,
  border: Border,
  { fft }: LossWeights = paperLosses,
): Stage<PairBatch> {
  const graph = deconvolveAndRestoreGraph(config, "global");
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
        const { blurry, sharp, ...noise } = tensorsOf(
          { ...batch, knownKernels: undefined },
          config,
        );
        if (!estimate || !flow) return { blurry, sharp };
        const codes = estimate.run({ image: blurry });
        return { blurry, sharp, sigma: codes.sigma, ...flow.run({ ...codes, ...noise }) };
      }),
    loss(feeds, parameters) {
      const { blurry, sharp, ...estimates } = feeds as PairFeeds & {
        readonly kernels?: tf.Tensor4D;
        readonly sigma?: tf.Tensor4D;
      };
      const { residual, ...others } = evaluate(graph, { image: blurry, ...estimates }, parameters);
      // Not clamped, because a clamped pixel would have no gradient.
      const restored: tf.Tensor4D = tf.add(blurry, residual);
      let loss = restorationLoss(config, restored, others, sharp);
      if (fft > 0) loss = tf.add(loss, tf.mul(fftLoss(restored, sharp), fft));
      if (!estimates.kernels || config.restorer !== undefined) {
        return { loss, statistics: new Map() };
      }
      const again = reblurByImage(restored, estimates.kernels, border);
      const reblur = meanAbsolute(again, blurry);
      return { loss: tf.add(loss, tf.mul(reblur, lambda)), statistics: new Map() };
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

/** [n, 3, h, w] → [n, h, w, 3]; fields of kernels and of noise are unchanged. */
function tensorsOf(
  { count, size, sharp, blurry, noise, knownKernels }: PairBatch,
  config: NetConfig,
): PairFeeds {
  const image = (planes: Float32Array): tf.Tensor4D =>
    tf.tidy(() => tf.transpose(tf.tensor4d(planes, [count, 3, size, size]), [0, 2, 3, 1]));
  const cells = size / config.kernelStride;
  const field = (values: Float32Array): tf.Tensor4D =>
    tf.tensor4d(values, [count, cells, cells, config.kernelSize ** 2]);
  return {
    sharp: image(sharp),
    blurry: image(blurry),
    ...(noise && { noise: field(noise) }),
    ...(knownKernels && { knownKernels: field(knownKernels) }),
  };
}

type FlowStageGraph = Graph & { readonly z: Value; readonly logDet: Value };

/**
 * The graph of stage I: input `kernels` [k², 1, 1]; outputs z, logDet, and the batch's value of each running
 * statistic.
 */
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

/**
 * Opens a stage by name; it accepts only batches of that stage. Edge pixels are repeated, as in the released stage
 * III.
 */
export function openStage(
  name: TrainStage,
  config: NetConfig,
  weights: Weights,
  losses: LossWeights = paperLosses,
): Stage<AnyBatch> {
  const opened =
    name === "flow"
      ? flowStage(config, weights)
      : name === "kernels"
        ? kernelsStage(config, weights, "replicate", losses)
        : restoreStage(config, weights, "replicate", losses);
  return opened as Stage<AnyBatch>;
}
