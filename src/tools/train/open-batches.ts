/** Opens the batches of a stage, from any iteration on: simulated kernels, or pairs cut from images. */

import { openPool } from "../../io/pool/pool.ts";
import type { NetConfig } from "../../model/config.ts";
import { stageSettings, type TrainStage } from "../../model/training/settings.ts";
import type { KernelBatch, PairBatch } from "../../model/training/stages.ts";
import { pullAhead } from "../../operators/flow/pull-ahead.ts";
import type { TrainingPair } from "../../operators/pairs/synthesize.ts";
import { batchOf, type TrainOptions } from "./train-options.ts";
import { makeKernelBatchIn, makePairBatchIn } from "./training-batches.ts";
import { openTrainingPairs, type TrainingPairs } from "./training-pairs.ts";

export interface Batches<Batch> {
  /** The batches from step `iteration` on, without end. A step's pairs and noise depend on its number alone. */
  from(iteration: number): AsyncIterable<Batch>;
  /** The first pairs, for a preview. */
  first(count: number): Promise<readonly TrainingPair[]>;
  /** Number of images to cut patches from. */
  readonly sources: { readonly photographs: number; readonly realPairs: number };
  /** Called after the last batch. */
  close(): Promise<void>;
}

/** Batches made ahead, with that of the current step: the main thread receives batches only between steps. */
const batchesAhead = 3;

const poolOf = (threads: number) =>
  openPool({ threads, entry: new URL("../../pool-worker.js", import.meta.url) });

function* countedFrom(start: number): Generator<number, never> {
  for (let iteration = start; ; iteration++) yield iteration;
}

/** Stage I: kernels are simulated one by one, and none is used twice. */
export function openKernelBatches(
  { kernelSize }: NetConfig,
  options: TrainOptions,
): Batches<KernelBatch> {
  const { seed, threads } = options;
  const count = batchOf("flow", options);
  const pool = poolOf(threads);
  const makeBatch = makeKernelBatchIn(pool);
  return {
    from: (start) =>
      pullAhead(countedFrom(start), batchesAhead, (iteration) =>
        makeBatch({ seed, iteration, count, kernelSize }),
      ),
    first: async () => [],
    sources: { photographs: 0, realPairs: 0 },
    close: () => pool.close(),
  };
}

/**
 * Stages II and III: pairs from the folders of `options`.
 * @throws OptionError, NoInputError or InputError where the folders have no images
 */
export async function openPairBatches(
  stage: TrainStage,
  config: NetConfig,
  options: TrainOptions,
  onNote: (message: string) => void,
): Promise<Batches<PairBatch>> {
  const { data, pairs, seed, patch, threads } = options;
  const count = batchOf(stage, options);
  const pool = poolOf(threads);
  const makeBatch = makePairBatchIn(pool);
  const open = (keepKernels: boolean): Promise<TrainingPairs> =>
    openTrainingPairs(
      {
        ...{ sharp: data === undefined ? [] : [data], pairs: pairs === undefined ? [] : [pairs] },
        ...{ seed, size: patch, kernelSize: config.kernelSize || 19, keepKernels },
        ...{ gammas: stageSettings[stage].gammas, inFlight: (batchesAhead + 1) * count },
      },
      { pool, onNote },
    );
  try {
    const source = await open(false);
    return {
      async *from(start) {
        const pairs = source.stream(start * count)[Symbol.asyncIterator]();
        const next = async (): Promise<TrainingPair> => (await pairs.next()).value;
        try {
          yield* pullAhead(countedFrom(start), batchesAhead, async (iteration) => {
            // All requested at once, before those of the next batch.
            const asked = await Promise.all(Array.from({ length: count }, next));
            return makeBatch({ pairs: asked, config, seed, iteration });
          });
        } finally {
          await pairs.return?.();
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
