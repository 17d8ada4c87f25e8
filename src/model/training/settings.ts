/**
 * Holds the default settings of each stage of training (paper §4, else the restorer's own), and the schedule of the
 * learning rate.
 */
import type { NetConfig, RestorerName } from "../config.ts";
import type { OptimizerSettings } from "./optimizer.ts";

/** The names of stages I, II and III. */
export const trainStages = ["flow", "kernels", "restore"] as const;

export type TrainStage = (typeof trainStages)[number];

export interface StageSettings {
  readonly optimizer: OptimizerSettings;
  /** Largest learning rate. */
  readonly rate: number;
  /** Kernels, or pairs of patches, per step. */
  readonly batch: number;
  /** Powers to which sample values are raised before blur is synthesised. */
  readonly gammas: readonly number[];
}

/** The paper's Adam: β₁ = β₂ = 0.9. */
const adam = { beta1: 0.9, beta2: 0.9, epsilon: 1e-8, weightDecay: 0, average: 0.999 } as const;

export const stageSettings: Readonly<Record<TrainStage, StageSettings>> = {
  flow: {
    // Averaged weights would not fit the running statistics of any batch norm.
    optimizer: { ...adam, average: 0, clipNorm: 10 },
    ...{ rate: 1e-3, batch: 256, gammas: [] },
  },
  kernels: {
    optimizer: { ...adam, clipNorm: 0.1 },
    ...{ rate: 1e-3, batch: 4, gammas: [1] },
  },
  restore: {
    optimizer: { ...adam, weightDecay: 1e-3, clipNorm: 0.01 },
    ...{ rate: 1e-3, batch: 4, gammas: [1, 2.2] },
  },
};

/** Adam as MIMO-UNet and MPRNet use it: nothing is clipped or decays. */
const plainAdam = {
  ...adam,
  beta2: 0.999,
  clipNorm: Number.POSITIVE_INFINITY,
} as const;

/** What the released training of the other restorers has in place of NAFNet's settings. */
const ofRestorer: Readonly<
  Record<Exclude<RestorerName, "nafnet">, Pick<StageSettings, "optimizer" | "rate">>
> = {
  "mimo-unet": { optimizer: plainAdam, rate: 1e-4 },
  mprnet: { optimizer: plainAdam, rate: 2e-4 },
};

/** The default settings of a stage of training this net. */
export function settingsOf(
  stage: TrainStage,
  { restorer }: Pick<NetConfig, "restorer">,
): StageSettings {
  const settings = stageSettings[stage];
  if (stage !== "restore" || restorer === undefined || restorer === "nafnet") return settings;
  return { ...settings, ...ofRestorer[restorer] };
}

/** Weights of the losses that the paper does not have; 0: not computed. */
export interface LossWeights {
  /** Of the error of known kernels in stage `kernels`. */
  readonly kernelTruth: number;
  /** Of the difference of Fourier transforms in stage `restore`. */
  readonly fft: number;
}

/** The losses of the paper alone. */
export const paperLosses: LossWeights = { kernelTruth: 0, fft: 0 };

export interface Schedule {
  /** The largest learning rate. */
  readonly rate: number;
  /** Iterations of linear increase to the largest rate. */
  readonly warmUp: number;
  /** Iterations of the whole stage; the rate decreases to `lastRate` until then. */
  readonly iterations: number;
}

/** The last learning rate of the paper. */
const lastRate = 1e-7;

/** Linear warm-up, then a cosine. @param iteration from 0 */
export function learningRate({ rate, warmUp, iterations }: Schedule, iteration: number): number {
  if (iteration < warmUp) return (rate * (iteration + 1)) / warmUp;
  const done = Math.min(1, (iteration - warmUp) / Math.max(1, iterations - warmUp));
  return lastRate + (rate - lastRate) * 0.5 * (1 + Math.cos(Math.PI * done));
}
