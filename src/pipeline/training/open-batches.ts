/** Where a stage's batches come from: kernels are simulated, pairs are cut from pictures; from any iteration on. */
import { simulateKernel } from "../../model/blur/simulate-kernel.ts";
import type { NetConfig } from "../../model/config.ts";
import { openStream } from "../../model/random-stream.ts";
import { kernelBatch, pairBatch } from "../../model/training/batches.ts";
import { stageSettings, type TrainStage } from "../../model/training/settings.ts";
import type { KernelBatch, PairBatch } from "../../model/training/stages.ts";
import type { TrainingPair } from "../../operators/training-pair.ts";
import { openPool } from "../workers/pool.ts";
import { batchOf, type TrainOptions } from "./train-options.ts";
import { openTrainingPairs, type TrainingPairs } from "./training-pairs.ts";

export interface Batches<Batch> {
  /** The batches of the steps from `iteration` on, without end; pair and noise of a step are always the same. */
  from(iteration: number): AsyncIterable<Batch>;
  /** The first pairs, to look at. */
  first(count: number): Promise<readonly TrainingPair[]>;
  /** How many pictures there are to cut from. */
  readonly sources: { readonly photographs: number; readonly realPairs: number };
  /** After the last batch. */
  close(): Promise<void>;
}

/** Stage I: kernels drawn one by one, none twice. */
export function openKernelBatches(config: NetConfig, options: TrainOptions): Batches<KernelBatch> {
  const { seed } = options;
  const count = batchOf("flow", options);
  return {
    async *from(start) {
      for (let iteration = start; ; iteration++) {
        const kernels = Array.from({ length: count }, (_, i) =>
          simulateKernel(
            openStream({ seed, purpose: "kernel", index: iteration * count + i }),
            config.kernelSize,
          ),
        );
        yield kernelBatch(kernels, { seed, iteration });
      }
    },
    first: async () => [],
    sources: { photographs: 0, realPairs: 0 },
    close: async () => {},
  };
}

/**
 * Stages II and III: pairs out of the folders of `options`.
 * @throws OptionError, NoInputError or InputError where there is nothing to cut pairs from
 */
export async function openPairBatches(
  stage: TrainStage,
  config: NetConfig,
  options: TrainOptions,
  onNote: (message: string) => void,
): Promise<Batches<PairBatch>> {
  const { data, pairs, seed, patch, threads } = options;
  const count = batchOf(stage, options);
  const pool = openPool({ threads, entry: new URL("../workers/worker.js", import.meta.url) });
  const open = (keepKernels: boolean): Promise<TrainingPairs> =>
    openTrainingPairs(
      {
        ...{ sharp: data === undefined ? [] : [data], pairs: pairs === undefined ? [] : [pairs] },
        ...{ seed, size: patch, kernelSize: config.kernelSize || 19, keepKernels },
        gammas: stageSettings[stage].gammas,
      },
      { pool, onNote },
    );
  try {
    const source = await open(false);
    return {
      async *from(start) {
        let iteration = start;
        let waiting: TrainingPair[] = [];
        for await (const pair of source.stream(start * count)) {
          waiting.push(pair);
          if (waiting.length < count) continue;
          yield pairBatch(waiting, { seed, iteration: iteration++ }, config);
          waiting = [];
        }
      },
      async first(most) {
        const found: TrainingPair[] = [];
        for await (const pair of (await open(true)).stream()) if (found.push(pair) === most) break;
        return found;
      },
      sources: { photographs: source.sharp, realPairs: source.pairs },
      close: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}
