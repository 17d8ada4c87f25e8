/**
 * Builds the flow prior (paper §3.1; RealNVP after FKP), an invertible net between motion kernels and Gaussian
 * codes. Inference uses the inverse, code → kernel, at every cell of a field. Training uses the forward direction,
 * kernel → code, with the logarithm of its volume change.
 */
import {
  add,
  affine,
  batchMean,
  batchNormInverse,
  batchVariance,
  divide,
  exp,
  linear,
  log,
  meanChannels,
  multiply,
  perChannel,
  relu,
  scaleChannels,
  select,
  sigmoid,
  sqrt,
  subtract,
  tanh,
  unsquash,
} from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";

const root = "flow";
const hidden = 25;
const blocks = 5;
const epsilon = 1e-5;

/** Linear → activation → Linear → activation → Linear, side L² → 25 → 25 → L². */
function mlp(x: Value, name: string, activation: (x: Value) => Value): Value {
  const first = activation(linear(x, `${name}.0`, hidden));
  const second = activation(linear(first, `${name}.2`, hidden));
  return linear(second, `${name}.4`, x.channels);
}

/** x = m·u + (1 − m)·(u·exp(s(m·u)) + t(m·u)) */
function couplingInverse(u: Value, name: string): Value {
  const mask = `${name}.mask`;
  const kept = scaleChannels(u, mask, [u.channels]);
  const stretched = multiply(u, exp(mlp(kept, `${name}.s_net`, tanh)));
  return select(mask, u, add(stretched, mlp(kept, `${name}.t_net`, relu)));
}

/** A map, and log|det| of the step that computed it: [1, h, w], or one number for all cells. */
interface Step {
  readonly y: Value;
  readonly logDet: Value;
}

const sumChannels = (x: Value): Value => affine(meanChannels(x), x.channels, 0);

/** y = m·x + (1 − m)·(x − t(m·x))·exp(−s(m·x)); log|det| = Σ −(1 − m)·s */
function coupling(x: Value, name: string): Step {
  const mask = `${name}.mask`;
  const kept = scaleChannels(x, mask, [x.channels]);
  const s = mlp(kept, `${name}.s_net`, tanh);
  const shrunk = multiply(subtract(x, mlp(kept, `${name}.t_net`, relu)), exp(affine(s, -1, 0)));
  const logDet = sumChannels(subtract(scaleChannels(s, mask, [x.channels]), s));
  return { y: select(mask, x, shrunk), logDet };
}

/** y = e^(log γ)·(x − mean)/√(var + ε) + β; log|det| = Σ log γ − ½ log(var + ε) */
function batchNorm(x: Value, name: string, mean: Value, variance: Value): Step {
  const of = (field: string) => perChannel(`${name}.${field}`, x.channels);
  const logGamma = of("log_gamma");
  const spread = affine(variance, 1, epsilon);
  const standard = divide(subtract(x, mean), sqrt(spread));
  return {
    y: add(multiply(standard, exp(logGamma)), of("beta")),
    logDet: sumChannels(subtract(logGamma, affine(log(spread), 0.5, 0))),
  };
}

/** The statistics that batch norms use: running ones, or (in training) those of the batch. */
export type BatchNormMode = "running" | "batch";

/** The outputs of the forward direction. */
export interface Latent {
  /** [k², h, w] */
  readonly z: Value;
  /** log|det ∂z/∂x| of each cell, [1, h, w]. */
  readonly logDet: Value;
  /** In mode `batch`: the batch's mean and unbiased variance, by the name of the running statistic they update. */
  readonly statistics: Readonly<Record<string, Value>>;
}

/**
 * Codes of kernels' logits: applies the modules first to last.
 * @param x logits [k², h, w] (see kernelLogits)
 */
export function flowForward(x: Value, mode: BatchNormMode): Latent {
  const statistics: Record<string, Value> = {};
  let z = x;
  let total: Value | undefined;
  for (let block = 0; block < blocks; block++) {
    const coupled = coupling(z, `${root}.net.${2 * block}`);
    const name = `${root}.net.${2 * block + 1}`;
    let mean = perChannel(`${name}.running_mean`, x.channels);
    let variance = perChannel(`${name}.running_var`, x.channels);
    if (mode === "batch") {
      mean = batchMean(coupled.y);
      variance = batchVariance(coupled.y);
      statistics[`${name}.running_mean`] = mean;
      statistics[`${name}.running_var`] = variance;
    }
    const normal = batchNorm(coupled.y, name, mean, variance);
    const logDet = add(coupled.logDet, normal.logDet);
    total = total ? add(total, logDet) : logDet;
    z = normal.y;
  }
  return { z, logDet: total as Value, statistics };
}

/** Logits of kernels, undone by the last step of `flowInverse`: logit(α + (1 − 2α)·k/normalization). */
export function kernelLogits(kernels: Value): Value {
  const alpha = perChannel(`${root}.alpha`, 1);
  const unit = divide(kernels, perChannel(`${root}.normalization`, 1));
  const inside = add(multiply(unit, affine(alpha, -2, 1)), alpha);
  return subtract(log(inside), log(affine(inside, -1, 1)));
}

/**
 * Logits of codes: inverts the modules last to first.
 * @param z [k², h, w], standard normal if the prior fits
 */
export function flowInverseLogits(z: Value): Value {
  let x = z;
  for (let block = blocks - 1; block >= 0; block--) {
    x = batchNormInverse(x, `${root}.net.${2 * block + 1}`, epsilon);
    x = couplingInverse(x, `${root}.net.${2 * block}`);
  }
  return x;
}

/**
 * Kernels of codes.
 * @param z [k², h, w], standard normal if the prior fits
 * @returns kernels [k², h, w] in (0, 1); channel c is the tap at row c div k, column c mod k
 */
export function flowInverse(z: Value): Value {
  return unsquash(sigmoid(flowInverseLogits(z)), root);
}
