/** Opens a training run, ready for its next step: a new one, or one that resumes from its checkpoint. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { IoError, OutputError } from "../../errors.ts";
import { isFile } from "../../io/system/paths.ts";
import { assertFree } from "../../io/system/publish.ts";
import { systemMessage } from "../../io/system/system-error.ts";
import { kernelSourceOf, type NetConfig, presetOf } from "../../model/config.ts";
import type { TfjsRuntime } from "../../model/engines/tfjs/runtime.ts";
import type { MeasuredPair } from "../../model/training/measure.ts";
import { settingsOf, type TrainStage } from "../../model/training/settings.ts";
import { type AnyBatch, openStage } from "../../model/training/stages.ts";
import { trainedNames } from "../../model/training/train-step.ts";
import { openTrainer, prepareTraining, type Trainer } from "../../model/training/trainer.ts";
import { configMetadata } from "../../model/weights/metadata.ts";
import type { Weights } from "../../model/weights/weights.ts";
import { assertNothingLacks } from "../../pipeline/engines/engine-table.ts";
import { type Checkpoint, readCheckpoint, type TrainIdentity } from "./checkpoint.ts";
import { type Batches, openKernelBatches, openPairBatches } from "./open-batches.ts";
import { patchText } from "./patch-schedule.ts";
import { writePreview } from "./preview.ts";
import { type RunFiles, runFiles } from "./run-files.ts";
import { openSampleHistory, type SampleHistory } from "./sample-history.ts";
import { type StartingWeights, startingWeights } from "./starting-weights.ts";
import { openStepThreads, type StepThreads } from "./step-threads.ts";
import { openTrainLog, type TrainLog } from "./train-log.ts";
import { batchOf, type TrainOptions, usualNoise } from "./train-options.ts";
import { readValidationPairs } from "./validate.ts";

export interface TrainRun {
  readonly config: NetConfig;
  readonly identity: TrainIdentity;
  readonly files: RunFiles;
  readonly batches: Batches<AnyBatch>;
  /** The library that computes steps. */
  readonly runtime: TfjsRuntime;
  readonly trainer: Trainer<AnyBatch>;
  /** Threads that share steps; undefined: this thread computes them alone. */
  readonly helpers: StepThreads | undefined;
  readonly log: TrainLog;
  readonly samples: SampleHistory;
  /** Weights of the net when the stage began. */
  readonly weights: Weights;
  readonly validation: readonly MeasuredPair[];
  /** The checkpoint that the run resumes from; undefined: a new run. */
  readonly checkpoint: Checkpoint | undefined;
  close(): Promise<void>;
}

/**
 * Starts the engine, finds weights, images and checkpoint, and opens the stage. The caller closes it.
 * @throws UnavailableError where the engine is unavailable; OptionError where the checkpoint has other options; what
 *   reading them throws
 */
export async function openTraining(
  stage: TrainStage,
  options: TrainOptions,
  onNote: (message: string) => void,
): Promise<TrainRun> {
  const { engine, adapter } = options;
  assertNothingLacks(engine, adapter);
  const runtime = await prepareTraining(engine, adapter);
  try {
    return await openOn(runtime, stage, options, onNote);
  } catch (error) {
    await runtime.dispose();
    throw error;
  }
}

async function openOn(
  runtime: TfjsRuntime,
  stage: TrainStage,
  options: TrainOptions,
  onNote: (message: string) => void,
): Promise<TrainRun> {
  const files = runFiles(options.out, stage);
  await makeFolder(options.out);
  const start = await startingWeights(stage, options);
  const batches = await openBatches(stage, start.config, options, onNote);
  try {
    const identity = identityOf(stage, options, start, batches);
    const resumes = await isFile(files.checkpoint);
    if (!resumes) await assertFree(files.weights, { force: false });
    const checkpoint = resumes ? await readCheckpoint(files.checkpoint, identity) : undefined;
    if (!checkpoint) onNote(start.note);
    const weights = checkpoint?.weights ?? start.weights;
    const validation =
      options.validate === undefined || stage === "flow"
        ? []
        : await readValidationPairs(options.validate, start.config);
    if (options.preview !== undefined && !checkpoint) await preview(options.preview, batches);
    const losses = { kernelTruth: options.kernelTruth, fft: options.fftLoss };
    const opened = openStage(stage, start.config, weights, losses);
    const { optimizer } = settingsOf(stage, start.config);
    const { run, compile } = runtime;
    const settings = { stage: opened, weights, optimizer, run, compile };
    const trainer = openTrainer(settings, checkpoint?.state);
    const count = options.workers - 1;
    const trained = trainedNames(opened);
    const helpers =
      count === 0
        ? undefined
        : await openStepThreads({ stage, config: start.config, weights, losses, trained, count });
    return {
      ...{
        config: start.config,
        identity,
        files,
        batches,
        runtime,
        trainer,
        helpers,
        weights,
        validation,
        checkpoint,
      },
      log: await openTrainLog(files.log, stage, trainer.iteration),
      samples: await openSampleHistory(files.samples, trainer.iteration),
      async close() {
        await helpers?.close();
        trainer.dispose();
        await batches.close();
        await runtime.dispose();
      },
    };
  } catch (error) {
    await batches.close();
    throw error;
  }
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw new OutputError(path, `cannot be made (${systemMessage(cause)})`, { cause });
  });
}

async function openBatches(
  stage: TrainStage,
  config: NetConfig,
  options: TrainOptions,
  onNote: (message: string) => void,
): Promise<Batches<AnyBatch>> {
  return stage === "flow"
    ? openKernelBatches(config, options)
    : openPairBatches(stage, config, options, onNote);
}

/** The options that decide the run's numbers. */
function identityOf(
  stage: TrainStage,
  options: TrainOptions,
  { config, hash, kernelsHash }: StartingWeights,
  { sources }: Batches<AnyBatch>,
): TrainIdentity {
  const { data, pairs, patch, iterations, minutes, lr, seed, logEvery, workers } = options;
  const { engine, adapter, kernelTruth, fftLoss, gamma, noise, jpeg, reduce } = options;
  const { train_patch: _, preset: __, ...net } = configMetadata(config);
  return {
    stage,
    ...{ net: presetOf(config) ?? JSON.stringify(net), kernels: kernelSourceOf(config) },
    ...{ init: hash ?? null, data: data ?? null, pairs: pairs ?? null, ...sources },
    ...{ patch: patchText(patch), batch: batchOf(stage, options), iterations: iterations ?? null },
    ...{
      minutes: minutes ?? null,
      lr: lr ?? settingsOf(stage, config).rate,
      seed,
      "log-every": logEvery,
    },
    // Named only if chosen, so that a run begun before these options existed resumes.
    ...(kernelsHash !== undefined && { "kernels-from": kernelsHash }),
    ...(kernelTruth > 0 && { "kernel-truth": kernelTruth }),
    ...(fftLoss > 0 && { "fft-loss": fftLoss }),
    ...(gamma !== undefined && { gamma: gamma.join(",") }),
    ...(noise !== usualNoise && { noise }),
    ...(jpeg > 0 && { jpeg }),
    ...(reduce.join() !== "1" && { reduce: reduce.join(",") }),
    // Threads and engines round sums differently.
    ...(workers > 1 && { workers }),
    ...(engine !== "tfjs-wasm" && { engine }),
    ...(adapter !== undefined && { adapter }),
  };
}

async function preview(folder: string, batches: Batches<AnyBatch>): Promise<void> {
  const pairs = await batches.first(8);
  if (pairs.length === 0) return;
  await makeFolder(folder);
  const path = join(folder, "pairs.png");
  await writePreview(path, pairs).catch((cause: unknown) => {
    throw new IoError(path, systemMessage(cause), { cause });
  });
}
