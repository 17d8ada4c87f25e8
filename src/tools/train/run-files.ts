/** What a training run leaves in its folder, by name. */
import { join } from "node:path";
import type { TrainStage } from "../../model/training/settings.ts";

export interface RunFiles {
  /** For `deblur --weights`, and for the stages after. */
  readonly weights: string;
  readonly checkpoint: string;
  /** Of all stages. */
  readonly log: string;
  /** Curves and samples, for a browser. */
  readonly page: string;
  /** What the page shows of measurements, for a run that goes on. */
  readonly samples: string;
  /** The batch training failed on. */
  readonly failedBatch: string;
}

export function runFiles(folder: string, stage: TrainStage): RunFiles {
  return {
    weights: join(folder, `${stage}.safetensors`),
    checkpoint: join(folder, `${stage}.checkpoint.safetensors`),
    log: join(folder, "log.jsonl"),
    page: join(folder, `${stage}.html`),
    samples: join(folder, `${stage}.samples.json`),
    failedBatch: join(folder, `${stage}.failed-batch.safetensors`),
  };
}
