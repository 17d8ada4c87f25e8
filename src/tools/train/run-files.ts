/** Names the files of a training run. */
import { join } from "node:path";
import type { TrainStage } from "../../model/training/settings.ts";

export interface RunFiles {
  /** For `deblur --weights`, and for later stages. */
  readonly weights: string;
  readonly checkpoint: string;
  /** The log of all stages. */
  readonly log: string;
  /** Its measurements as a table. */
  readonly table: string;
  /** Curves and samples, for a browser. */
  readonly page: string;
  /** The page's samples, for a run that resumes. */
  readonly samples: string;
  /** The batch on which training failed. */
  readonly failedBatch: string;
}

export function runFiles(folder: string, stage: TrainStage): RunFiles {
  return {
    weights: join(folder, `${stage}.safetensors`),
    checkpoint: join(folder, `${stage}.checkpoint.safetensors`),
    log: join(folder, "log.jsonl"),
    table: join(folder, "log.md"),
    page: join(folder, `${stage}.html`),
    samples: join(folder, `${stage}.samples.json`),
    failedBatch: join(folder, `${stage}.failed-batch.safetensors`),
  };
}
