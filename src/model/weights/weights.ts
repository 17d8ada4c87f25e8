/**
 * Derives a net's settings from the names and shapes of its weights, and checks that all weights fit the net.
 * Weights are a map of published names to float32 tensors.
 */
import { WeightsError } from "../../errors.ts";
import type { NetConfig } from "../config.ts";
import { windowStride } from "../graph/dft.ts";
import type { Parameter } from "../graph/graph.ts";
import type { Dtype } from "./floats.ts";
import { checkMetadata, type Metadata, trainPatchOf } from "./metadata.ts";
import { listed } from "./names.ts";
import { channelsOf, restorerSettingsOf } from "./restorer-settings.ts";

/** The values of one parameter. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Parameters by their published names. */
export type Weights = ReadonlyMap<string, Tensor>;

/** The content of a weights file. */
export interface StoredWeights {
  readonly metadata: Metadata;
  readonly tensors: Weights;
  /** The stored type of each tensor; in memory all are float32. */
  readonly dtypes: ReadonlyMap<string, Dtype>;
}

/**
 * Tensors in published files that inference does not read: the base distribution, the kernel size, and reductions
 * of the field without a following encoder.
 */
const unread =
  /^(flow\.(kernel_size|base_dist_mean|base_dist_var)|kernel_down\.\d+\.(weight|bias))$/;

/**
 * The settings of the net that these weights belong to.
 * @param metadata `train_patch` is the only setting that shapes do not determine; 256, the paper's, by default
 * @throws WeightsError if they belong to no net of ours, or if the metadata contradict them
 */
export function configOf(weights: Weights, metadata: Metadata = {}): NetConfig {
  const config: NetConfig = {
    ...restorerSettingsOf(weights),
    ...kernelSettingsOf(weights),
    ...(weights.has(regularisation) && { deconvolution: true }),
    trainPatch: trainPatchOf(metadata),
  };
  checkBlocks(config);
  checkDeconvolution(config);
  checkMetadata(config, metadata);
  return config;
}

/** A net without any of these names has no kernels. */
const ofKernels = /^(kernel_extra|flow|kernel_down)\.|(^|\.)kernel_atttion\./;

/** A tensor that only nets with deconvolution have. */
const regularisation = "deconvolution.regularisation";
/** The first layer of a KE-Net on spectra. */
const spectralHead = "kernel_extra.Spectral.head.weight";

function kernelSettingsOf(
  weights: Weights,
): Pick<NetConfig, "keBase" | "keFeatures" | "kernelSize" | "kernelStride" | "kernelSource"> {
  if (![...weights.keys()].some((name) => ofKernels.test(name))) {
    return { keBase: 0, kernelSize: 0, kernelStride: 1 };
  }
  const has = (block: string) => weights.has(`kernel_extra.${block}.Conv_head.weight`);
  const certain = ![...weights.keys()].some((name) =>
    /^kernel_extra\.(Conv_tail|Spectral)\.var\./.test(name),
  );
  const direct = certain && ![...weights.keys()].some((name) => name.startsWith("flow."));
  const source: Pick<NetConfig, "kernelSource"> = direct
    ? { kernelSource: "direct" }
    : certain
      ? { kernelSource: "flow" }
      : {};
  if (weights.has(spectralHead)) {
    return {
      keBase: channelsOf(weights, spectralHead, 4),
      keFeatures: "spectra",
      kernelSize: kernelSizeOf(
        weights,
        direct ? "kernel_extra.Spectral.mean.bias" : "flow.net.0.mask",
      ),
      kernelStride: windowStride,
      ...source,
    };
  }
  return {
    keBase: channelsOf(weights, "kernel_extra.Encoding_Block1.Conv_head.weight", 4),
    kernelSize: kernelSizeOf(
      weights,
      direct ? "kernel_extra.Conv_tail.mean.2.bias" : "flow.net.0.mask",
    ),
    kernelStride: has("Decoding_Block2") ? 1 : has("Decoding_Block1") ? 2 : 4,
    ...source,
  };
}

/** @param name of a tensor with one number per tap */
function kernelSizeOf(weights: Weights, name: string): number {
  const taps = channelsOf(weights, name, 1);
  const side = Math.sqrt(taps);
  if (Number.isInteger(side) && side % 2 === 1 && side > 1) return side;
  throw new WeightsError(`expected odd square kernels but ${name} has ${taps} taps`);
}

/** Decoders must mirror encoders, and the kernel field must reach an encoder through those before it. */
function checkBlocks({ restorer, encoderBlocks, decoderBlocks, kernelSize }: NetConfig): void {
  if (restorer !== undefined) return;
  if (decoderBlocks.length !== encoderBlocks.length) {
    throw new WeightsError(
      `not weights of a UFPNet: expected as many decoders as encoders (${encoderBlocks.length}) but found ${decoderBlocks.length}`,
    );
  }
  if (kernelSize === 0) return;
  const plain = encoderBlocks.findIndex((count) => count !== 1);
  if (plain === 0 || (plain > 0 && encoderBlocks.lastIndexOf(1) > plain)) {
    throw new WeightsError(
      `not weights of a UFPNet: expected encoders of one block first, then larger ones, but found [${encoderBlocks}]`,
    );
  }
}

/** The deconvolution reads the spectra's windows, one kernel each; NAFNet reads its result. */
function checkDeconvolution({ deconvolution, keFeatures, restorer }: NetConfig): void {
  if (deconvolution !== true) return;
  if (restorer !== undefined) {
    throw new WeightsError(`expected no ${regularisation} in weights of a ${restorer}`);
  }
  if (keFeatures === "spectra") return;
  throw new WeightsError(
    `not weights of a UFPNet: expected ${spectralHead} beside ${regularisation} but found none`,
  );
}

/**
 * Checks that the weights are exactly the parameters a net reads, with valid values.
 * @throws WeightsError that lists missing, unexpected and misshapen tensors; otherwise the first tensor with bad
 *   values
 */
export function matchWeights(expected: readonly Parameter[], weights: Weights): void {
  const names = new Set(expected.map(({ name }) => name));
  const missing = [...names].filter((name) => !weights.has(name));
  const unexpected = [...weights.keys()].filter((name) => !names.has(name) && !unread.test(name));
  const misshapen = expected.flatMap(({ name, shape }) => {
    const found = weights.get(name)?.shape;
    return found && `${found}` !== `${shape}` ? [`${name} [${found}], expected [${shape}]`] : [];
  });
  const problems = Object.entries({ missing, unexpected, misshapen })
    .filter(([, list]) => list.length > 0)
    .map(([what, list]) => `${what}: ${listed(list)}`);
  if (problems.length > 0)
    throw new WeightsError(`weights do not fit the net: ${problems.join("; ")}`);
  for (const [name, { data }] of weights) checkValues(name, data);
}

function checkValues(name: string, values: Float32Array): void {
  // The sum of 0·x is 0 only for finite values; this is several times faster than testing each value.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += 0 * (values[i] as number);
  if (sum !== 0) throw new WeightsError(`tensor ${name} has values that are not finite`);
  if (/^flow\.net\.\d+\.mask$/.test(name) && !values.every((v) => v === 0 || v === 1)) {
    throw new WeightsError(`tensor ${name} has values that are neither 0 nor 1`);
  }
}
