/**
 * Trains one stage: takes batches, makes steps, logs, and writes a checkpoint every few minutes and at a signal. The
 * same call resumes a stopped run, with the same numbers.
 */

import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { replaceFile } from "../../io/system/publish.ts";
import { kernelSourceOf, type NetConfig } from "../../model/config.ts";
import type { Measured } from "../../model/training/measure.ts";
import {
  learningRate,
  type Schedule,
  settingsOf,
  type TrainStage,
} from "../../model/training/settings.ts";
import type { AnyBatch } from "../../model/training/stages.ts";
import { configMetadata } from "../../model/weights/metadata.ts";
import { writeSafetensors } from "../../model/weights/write-safetensors.ts";
import { counted } from "../../text/words.ts";
import { checkStage } from "./check-train-options.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { isOutOfMemory, notFinite, outOfMemory } from "./failures.ts";
import { openTraining, type TrainRun } from "./open-training.ts";
import { samplePair } from "./sample-sheet.ts";
import { type ServedPage, servePage } from "./serve-page.ts";
import { timedWaits } from "./timed-waits.ts";
import type { TrainRecord } from "./train-log.ts";
import { paceSteps, type TrainOptions } from "./train-options.ts";
import { trainPage } from "./train-page.ts";
import { trainTable } from "./train-table.ts";
import { sampleResults, validate } from "./validate.ts";

/** The signal and the callbacks of a training run. */
export interface TrainContext {
  readonly signal: AbortSignal;
  onRecord(record: TrainRecord): void;
  onNote(message: string): void;
}

/**
 * Trains `stage` until its iterations are done.
 * @returns the path of the weights
 * @throws the signal's reason when it is aborted, after a checkpoint; TrainingError where numbers are not finite or
 *   memory does not suffice; what opening the run throws
 */
export async function train(
  stage: TrainStage,
  options: TrainOptions,
  context: TrainContext,
): Promise<string> {
  checkStage(stage, options, (key) => key);
  const run = await openTraining(stage, options, context.onNote);
  const served = options.serve === undefined ? undefined : await serve(run, options.serve, context);
  const { trainer, batches, files, checkpoint } = run;
  const begun = { iteration: trainer.iteration, at: performance.now() };
  let iterations = options.iterations ?? checkpoint?.iterations;
  let seconds = checkpoint?.seconds ?? 0;
  let losses = [...(checkpoint?.losses ?? [])];
  let kept = performance.now();

  const keep = async (): Promise<void> => {
    const state = await trainer.save();
    const { identity, weights } = run;
    await writeCheckpoint(files.checkpoint, {
      identity,
      state,
      weights,
      iterations,
      losses,
      seconds,
    });
    await writeWeights(run, stage, options);
    kept = performance.now();
  };

  try {
    if (trainer.iteration === iterations) {
      context.onNote(
        `stage ${stage} is already trained for ${iterations} of ${counted(iterations, "step")}`,
      );
      return files.weights;
    }
    context.onNote(
      checkpoint
        ? `stage ${stage} resumes after ${trainer.iteration} steps, from ${files.checkpoint}`
        : `stage ${stage}: ${described(run, options)}`,
    );
    const waits = timedWaits(batches.from(trainer.iteration, () => iterations));
    let side: number | undefined;
    for await (const batch of waits) {
      if ("size" in batch && batch.size !== side) {
        const patches = `${counted(batch.count, "patch", "patches")} of ${batch.size}`;
        if (side !== undefined)
          context.onNote(`from step ${trainer.iteration + 1} on ${patches} a step`);
        side = batch.size;
      }
      const began = performance.now();
      const rate = learningRate(
        scheduleOf(stage, run.config, options, iterations),
        trainer.iteration,
      );
      const { loss, norm } = await step(run, batch, rate);
      losses.push(loss);
      seconds += (performance.now() - began) / 1000;

      const { iteration } = trainer;
      if (iterations === undefined && iteration >= paceSteps) {
        const pace = (performance.now() - begun.at) / (iteration - begun.iteration);
        iterations = Math.max(iteration, Math.round(((options.minutes ?? 0) * 60_000) / pace));
      }
      const done = iteration === iterations;
      const measures =
        run.validation.length > 0 && (done || iteration % options.validateEvery === 0);
      if (losses.length >= options.logEvery || measures || done) {
        const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length;
        losses = [];
        const waited = waits.share();
        const record = {
          ...{ stage, iteration, iterations, loss, norm, lr: rate, seconds, waited },
          ...("size" in batch && { batch: batch.count, patch: batch.size }),
        };
        const validation = measures && { validation: await measure(run, stage) };
        await report({ ...record, ...validation }, run, context);
      }
      if (done) break;
      if (context.signal.aborted) {
        await keep();
        context.onNote(`stopped after ${iteration} steps; the same command resumes`);
        throw context.signal.reason;
      }
      if (performance.now() - kept > options.checkpointMinutes * 60_000) await keep();
      // A step blocks this thread; signals and pairs arrive between steps.
      await setImmediate();
    }
    await keep();
    return files.weights;
  } finally {
    await served?.close();
    await run.close();
  }
}

/** Serves the run's page, and closes the run where the port is taken. @throws OptionError */
async function serve(run: TrainRun, port: number, context: TrainContext): Promise<ServedPage> {
  try {
    const served = await servePage(run.files.page, port);
    context.onNote(`the run's page is at ${served.address}`);
    return served;
  } catch (error) {
    await run.close();
    throw error;
  }
}

/** @throws TrainingError */
async function step({ trainer, helpers, files }: TrainRun, batch: AnyBatch, rate: number) {
  try {
    const found = helpers
      ? await trainer.shareStep(batch, rate, helpers)
      : await trainer.step(batch, rate);
    if (Number.isFinite(found.loss) && Number.isFinite(found.norm)) return found;
    throw await notFinite(files.failedBatch, batch, found, trainer.iteration);
  } catch (cause) {
    throw isOutOfMemory(cause)
      ? await outOfMemory(trainer, batch, 1 + (helpers?.count ?? 0), cause)
      : cause;
  }
}

function scheduleOf(
  stage: TrainStage,
  config: NetConfig,
  { lr, iterations: asked }: TrainOptions,
  iterations: number | undefined,
): Schedule {
  return {
    rate: lr ?? settingsOf(stage, config).rate,
    warmUp: asked === undefined ? paceSteps : Math.min(paceSteps, Math.ceil(asked / 10)),
    iterations: iterations ?? Number.POSITIVE_INFINITY,
  };
}

/** Pairs shown on the run's page. */
const pairsShown = 4;

/** Measures the net, and keeps its results for a few pairs. @throws IoError */
async function measure(
  { trainer, config, runtime, validation, samples }: TrainRun,
  stage: TrainStage,
): Promise<Measured> {
  const { run } = runtime;
  const settings = { config, weights: await trainer.weights(), restores: stage === "restore", run };
  const found = await validate(settings, validation);
  const shown = validation.slice(0, pairsShown);
  await samples.add(await Promise.all(shown.map(samplePair)), {
    iteration: trainer.iteration,
    found,
    samples: await sampleResults(settings, shown),
  });
  return found;
}

/** Logs a record and rewrites table and page. */
async function report(
  record: TrainRecord,
  { log, samples, files, identity }: TrainRun,
  context: TrainContext,
) {
  await log.add(record);
  await replaceFile(files.table, trainTable(log.all));
  const title = `stage ${record.stage}`;
  const chosen = Object.entries(identity).filter(([, fact]) => fact !== null && fact !== undefined);
  const settings = chosen.map(
    ([label, fact]) => [label, typeof fact === "string" ? fact : JSON.stringify(fact)] as const,
  );
  await replaceFile(files.page, trainPage({ title, records: log.records, samples, settings }));
  context.onRecord(record);
}

/** Writes the weights for `deblur`, with a card of their training. */
async function writeWeights(
  { trainer, config, files, identity, batches }: TrainRun,
  stage: TrainStage,
  { data, pairs }: TrainOptions,
): Promise<void> {
  const { photographs, realPairs } = batches.sources;
  const card = {
    stage,
    iterations: trainer.iteration,
    ...{ patch: identity["patch"], batch: identity["batch"], rate: identity["lr"] },
    ...{ seed: identity["seed"], init: identity["init"] },
    ...(data !== undefined && { photographs: `${photographs} of ${basename(data)}` }),
    ...(pairs !== undefined && { pairs: `${realPairs} of ${basename(pairs)}` }),
  };
  const metadata = { ...configMetadata(config), card: JSON.stringify(card) };
  await replaceFile(files.weights, writeSafetensors(await trainer.weights(), metadata, "F32"));
}

function described(
  { config, batches, identity, runtime }: TrainRun,
  { patch, engine }: TrainOptions,
): string {
  const { photographs, realPairs } = batches.sources;
  const place = runtime.adapter === undefined ? engine : `${engine} on ${runtime.adapter}`;
  const net = `engine ${place}; net ${identity["net"]}, kernels ${kernelSourceOf(config)}, one for ${config.kernelStride}×${config.kernelStride} pixels`;
  if (identity["stage"] === "flow")
    return `${net}; ${counted(Number(identity["batch"]), "kernel")} a step`;
  return `${net}; ${counted(Number(identity["batch"]), "patch", "patches")} of ${patch[0].side} a step, from ${counted(photographs, "photograph")} and ${counted(realPairs, "pair")}`;
}
