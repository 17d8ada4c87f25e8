/** Computes the loss and gradients of a part of a batch, in a thread; weights and gradients are in shared memory. */
import { parentPort, workerData } from "node:worker_threads";
import * as tf from "@tensorflow/tfjs-core";
import type { NetConfig } from "../../model/config.ts";
import { type LossWeights, settingsOf, type TrainStage } from "../../model/training/settings.ts";
import { flatten } from "../../model/training/shared-step.ts";
import { type AnyBatch, openStage } from "../../model/training/stages.ts";
import { beginStage, gradientsOf } from "../../model/training/train-step.ts";
import { prepareTraining } from "../../model/training/trainer.ts";
import type { Weights } from "../../model/weights/weights.ts";

/** The data that the thread starts with. */
export interface GradientsSettings {
  readonly stage: TrainStage;
  readonly config: NetConfig;
  /** Weights of the whole net; `trained` holds those that change. */
  readonly weights: Weights;
  readonly losses: LossWeights | undefined;
  readonly trained: Float32Array;
  readonly gradients: Float32Array;
}

/** An answer to a batch. The first answer reports that the thread is ready. */
export type GradientsAnswer = { readonly loss: number } | { readonly failed: string };

const port = parentPort;
if (!port) throw new Error("the gradients worker runs as a worker thread");
const {
  stage: name,
  config,
  weights,
  losses,
  trained,
  gradients,
} = workerData as GradientsSettings;
await prepareTraining();
const stage = openStage(name, config, weights, losses);
const begun = beginStage(stage, weights, settingsOf(name, config).optimizer);

/** The trained weights as they are in shared memory now. */
function trainedWeights(): Map<string, tf.Tensor> {
  let at = 0;
  return new Map(
    [...begun.weights].map(([name, { size, shape }]) => {
      at += size;
      return [name, tf.tensor(trained.subarray(at - size, at), shape)];
    }),
  );
}

function lossOf(batch: AnyBatch): number {
  const weights = trainedWeights();
  try {
    const found = gradientsOf(stage, { weights, statistics: begun.statistics }, batch);
    flatten(found.gradients, gradients);
    const [loss = Number.NaN] = found.loss.dataSync();
    tf.dispose([found.loss, ...found.gradients.values(), ...found.statistics.values()]);
    return loss;
  } finally {
    tf.dispose([...weights.values()]);
  }
}

port.on("message", (batch: AnyBatch) => {
  try {
    port.postMessage({ loss: lossOf(batch) } satisfies GradientsAnswer);
  } catch (error) {
    const failed = error instanceof Error ? error.message : String(error);
    port.postMessage({ failed } satisfies GradientsAnswer);
  }
});
port.postMessage({ loss: 0 } satisfies GradientsAnswer);
