/** Starts threads that share a training step. They keep no state: each step brings its weights. */
import { Worker } from "node:worker_threads";
import { TrainingError } from "../../errors.ts";
import type { NetConfig } from "../../model/config.ts";
import type { LossWeights, TrainStage } from "../../model/training/settings.ts";
import type { Helpers, PartGradients } from "../../model/training/shared-step.ts";
import type { AnyBatch } from "../../model/training/stages.ts";
import type { Weights } from "../../model/weights/weights.ts";
import type { GradientsAnswer, GradientsSettings } from "./gradients-worker.ts";

export interface StepThreads extends Helpers<AnyBatch> {
  /** Ends the threads, also inside a step. Idempotent. */
  close(): Promise<void>;
}

export interface StepThreadsOptions {
  readonly stage: TrainStage;
  readonly config: NetConfig;
  /** Weights of the whole net when the stage began. */
  readonly weights: Weights;
  /** undefined: those of the paper. */
  readonly losses?: LossWeights | undefined;
  /** Names of the trained weights. */
  readonly trained: readonly string[];
  readonly count: number;
  /** The threads' script; undefined: the built one beside this file. */
  readonly entry?: URL;
}

/** Starts the threads; the caller closes them. @throws TrainingError where one cannot start */
export async function openStepThreads({
  stage,
  config,
  weights,
  losses,
  trained: names,
  count,
  entry = new URL("./gradients-worker.js", import.meta.url),
}: StepThreadsOptions): Promise<StepThreads> {
  const values = names.reduce((sum, name) => sum + (weights.get(name)?.data.length ?? 0), 0);
  const shared = () => new Float32Array(new SharedArrayBuffer(4 * values));
  const trained = shared();
  const threads = Array.from({ length: count }, () =>
    startThread(entry, { stage, config, weights, losses, trained, gradients: shared() }),
  );
  const close = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.close()));
  };
  try {
    await Promise.all(threads.map((thread) => thread.answer()));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    count,
    weights: trained,
    gradients: (parts) =>
      Promise.all(parts.map((part, i) => (threads[i] as StepThread).gradients(part))),
    close,
  };
}

interface StepThread {
  /** The answer to the last request; a thread answers one request at a time. */
  answer(): Promise<number>;
  gradients(part: AnyBatch): Promise<PartGradients>;
  close(): Promise<void>;
}

function startThread(entry: URL, settings: GradientsSettings): StepThread {
  const worker = new Worker(entry, { workerData: settings });
  // The thread may end at any time; the next request reports it.
  const ended = new Promise<never>((_, reject) => {
    worker.once("error", (cause) => {
      reject(new TrainingError(`a thread of the step has failed: ${cause.message}`, { cause }));
    });
    worker.once("exit", (code) => {
      reject(new TrainingError(`a thread of the step has ended (exit code ${code})`));
    });
  });
  ended.catch(() => {});
  const answer = (): Promise<number> => {
    const answered = new Promise<number>((resolve, reject) => {
      worker.once("message", (answer: GradientsAnswer) => {
        if ("loss" in answer) resolve(answer.loss);
        else reject(new TrainingError(`a thread of the step has failed: ${answer.failed}`));
      });
    });
    return Promise.race([answered, ended]);
  };
  return {
    answer,
    async gradients(part) {
      const loss = answer();
      const buffers = Object.values(part).flatMap((value) =>
        value instanceof Float32Array ? [value.buffer as ArrayBuffer] : [],
      );
      worker.postMessage(part, buffers);
      return { loss: await loss, gradients: settings.gradients };
    },
    async close() {
      await worker.terminate();
    },
  };
}
