/**
 * rx-deblur/train: pairs of sharp and blurred pictures, made as they are asked for, for training here or elsewhere;
 * and the three stages of training themselves.
 *
 *     const { stream } = await openTrainingPairs({ sharp: ["photos"], size: 128 }, { pool });
 *     for await (const { sharp, blurry } of stream()) step(sharp, blurry);
 */
export {
  type PairPlan,
  type PairPlanning,
  planPairs,
  type Visit,
} from "./operators/plan-pairs.ts";
export {
  type MakePair,
  type PairJob,
  type PairRecipe,
  type Patch,
  type PatchSource,
  synthesize,
} from "./operators/synthesize.ts";
export type { TrainingPair } from "./operators/training-pair.ts";
export type { PairsOptions } from "./pipeline/pairs/pairs-options.ts";
export {
  type PairsContext,
  type PairsResult,
  type WrittenPair,
  writePairs,
} from "./pipeline/pairs/write-pairs.ts";
export type { PairOptions } from "./pipeline/training/pair-options.ts";
export { writePreview } from "./pipeline/training/preview.ts";
export { openTrainingPairs, type TrainingPairs } from "./pipeline/training/training-pairs.ts";
export { type CpuPool, openPool } from "./pipeline/workers/pool.ts";
