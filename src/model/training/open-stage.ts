/** A stage's name in, the stage out. */
import type { NetConfig } from "../config.ts";
import type { Weights } from "../weights/weights.ts";
import type { TrainStage } from "./settings.ts";
import {
  flowStage,
  type KernelBatch,
  kernelsStage,
  type PairBatch,
  restoreStage,
  type Stage,
} from "./stages.ts";

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
