/** Opens the batches of a stage, from any iteration on: simulated kernels, or pairs cut from images. */

import { openPool } from "../../io/pool/pool.ts";
import type { NetConfig } from "../../model/config.ts";
import { stageSettings, type TrainStage } from "../../model/training/settings.ts";
import type { KernelBatch, PairBatch } from "../../model/training/stages.ts";
import { pullAhead } from "../../operators/flow/pull-ahead.ts";
import type { TrainingPair } from "../../operators/pairs/synthesize.ts";
import { type PatchPhase, type PatchSchedule, phasesOf } from "./patch-schedule.ts";
import { batchOf, paceSteps, type TrainOptions } from "./train-options.ts";
import { makeKernelBatchIn, makePairBatchIn } from "./training-batches.ts";
import { openTrainingPairs, type TrainingPairs } from "./training-pairs.ts";

export interface Batches<Batch> {
  /**
   * The batches from step `iteration` on, without end. A step's pairs and noise depend on its number, and with patches
   * that grow on the run's length.
   * @param iterations the run's length, as far as it is known when a batch is begun
   */
  from(iteration: number, iterations: () => number | undefined): AsyncIterable<Batch>;
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

/** Counts up from `start`. @param end is asked before each number */
function* countedFrom(
  start: number,
  end: () => number = () => Number.POSITIVE_INFINITY,
): Generator<number, void> {
  for (let iteration = start; iteration < end(); iteration++) yield iteration;
}

/**
 * A run in minutes learns its length at step `paceSteps`; until then and for the batches made ahead, its patches have the
 * first side.
 */
const firstSteps = paceSteps + batchesAhead + 1;

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
  const { data, pairs, seed, patch, threads, kernelTruth, minutes } = options;
  const { noise, jpeg, reduce, gamma: gammas = stageSettings[stage].gammas } = options;
  const batch = batchOf(stage, options);
  const atLeast = minutes === undefined ? 0 : firstSteps;
  const pool = poolOf(threads);
  const makeBatch = makePairBatchIn(pool);
  const open = (keepKernels: boolean): Promise<TrainingPairs> =>
    openTrainingPairs(
      {
        ...{ sharp: data === undefined ? [] : [data], pairs: pairs === undefined ? [] : [pairs] },
        ...{ seed, size: patch[0].side, kernelSize: config.kernelSize || 19, keepKernels },
        ...{ gammas, noise, jpeg, reduce, inFlight: (batchesAhead + 1) * batch },
        cellStride: kernelTruth > 0 ? config.kernelStride : undefined,
      },
      { pool, onNote },
    );
  try {
    const source = await open(false);
    await expectLargest(source, patch);
    return {
      async *from(start, iterations) {
        const phaseAt = (iteration: number): PatchPhase => {
          const phases = phasesOf(patch, { batch, iterations: iterations(), atLeast });
          return phases.find(({ end }) => iteration < end) as PatchPhase;
        };
        for (let at = start; ; at = phaseAt(at).end) {
          const { side, count, from, firstPair } = phaseAt(at);
          const pairs = source
            .stream(firstPair + (at - from) * count, side)
            [Symbol.asyncIterator]();
          const next = async (): Promise<TrainingPair> => (await pairs.next()).value;
          const steps = countedFrom(at, () => phaseAt(at).end);
          try {
            yield* pullAhead(steps, batchesAhead, async (iteration) => {
              // All requested at once, before those of the next batch.
              const asked = await Promise.all(Array.from({ length: count }, next));
              return makeBatch({ pairs: asked, config, seed, iteration });
            });
          } finally {
            await pairs.return?.();
          }
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

/** Reads a patch of the largest side, so that a run does not find days later that no image has room for one. */
async function expectLargest({ stream }: TrainingPairs, schedule: PatchSchedule): Promise<void> {
  const largest = Math.max(...schedule.map(({ side }) => side));
  if (largest === schedule[0].side) return;
  for await (const _ of stream(0, largest)) break;
}
