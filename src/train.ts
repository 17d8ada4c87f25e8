/**
 * rx-deblur/train: pairs of sharp and blurred images, made on request, for training with this package or with other
 * frameworks.
 *
 *     const { stream } = await openTrainingPairs({ sharp: ["photos"], size: 128 }, { pool });
 *     for await (const { sharp, blurry } of stream()) step(sharp, blurry);
 */

export { TrainingError } from "./errors.ts";
export { openPool, type Pool } from "./io/pool/pool.ts";
export {
  type PairPlan,
  type PairPlanning,
  planPairs,
  type Visit,
} from "./operators/pairs/plan-pairs.ts";
export type { TrainingPair } from "./operators/pairs/synthesize.ts";
export {
  type MakePair,
  type PairJob,
  type PairRecipe,
  type Patch,
  type PatchSource,
  synthesize,
} from "./operators/pairs/synthesize.ts";
export type { PairsOptions } from "./tools/pairs/pairs-options.ts";
export {
  type PairsContext,
  type PairsResult,
  type WrittenPair,
  writePairs,
} from "./tools/pairs/write-pairs.ts";
export { makePairIn } from "./tools/train/make-pair.ts";
export { writePreview } from "./tools/train/preview.ts";
export type { PairOptions } from "./tools/train/training-pair-options.ts";
export { openTrainingPairs, type TrainingPairs } from "./tools/train/training-pairs.ts";
