/**
 * Folders of pictures go in, training pairs come out without end: planned in order, read, blurred on the pool's
 * threads, handed over in order at the consumer's pace.
 */
import { lastValueFrom, of } from "rxjs";
import { inOrder } from "../../operators/in-order.ts";
import { type PairPlan, planPairs } from "../../operators/plan-pairs.ts";
import { type PairRecipe, synthesize } from "../../operators/synthesize.ts";
import type { TrainingPair } from "../../operators/training-pair.ts";
import type { CpuPool } from "../workers/pool.ts";
import { completePairOptions, type PairOptions } from "./pair-options.ts";
import { openPatchSource } from "./patch-source.ts";
import { listPairs, listSharp } from "./picture-folders.ts";

export interface TrainingPairs {
  /** How many sharp pictures the folders hold, and how many real pairs. */
  readonly sharp: number;
  readonly pairs: number;
  /**
   * The pairs from index `from` on. Pair i is the same for the same options and folders, wherever the stream began
   * and however many threads there are. Each iteration is a stream of its own; ending it ends the reading.
   * @throws while iterating: InputError where no picture is left, IoError where reading fails
   */
  stream(from?: number): AsyncIterable<TrainingPair>;
}

/**
 * Lists the folders' pictures; the pool stays the caller's to close, after the streams have ended.
 *
 *     const { stream } = await openTrainingPairs({ sharp: ["photos"], size: 128 }, { pool });
 *     for await (const { sharp, blurry } of stream()) step(sharp, blurry);
 *
 * @throws OptionError, NoInputError or InputError
 */
export async function openTrainingPairs(
  given: Partial<PairOptions>,
  {
    pool,
    onNote = () => {},
  }: { readonly pool: CpuPool; readonly onNote?: (message: string) => void },
): Promise<TrainingPairs> {
  const options = completePairOptions(given);
  const { seed, size, kernelSize, gammas, noise, keepKernels, crops, open, inFlight, maxPixels } =
    options;
  const sharp = (await Promise.all(options.sharp.map(listSharp))).flat();
  const pairs = (await Promise.all(options.pairs.map(listPairs))).flat();
  const recipe: PairRecipe = { seed, size, kernelSize, gammas, noise, keepKernels };
  const planning = {
    seed,
    sharp: sharp.length,
    pairs: pairs.length,
    pairShare: options.pairShare,
    crops,
    open,
  };
  const side = options.surroundings ? size + kernelSize - 1 : size;

  return {
    sharp: sharp.length,
    pairs: pairs.length,
    stream(from = 0) {
      const source = openPatchSource({ sharp, pairs, seed, side, crops, maxPixels, onNote });
      const plans = planPairs(planning);
      return inOrder(startingAt(plans, from), inFlight, (plan) =>
        lastValueFrom(of(plan).pipe(synthesize(source, pool.makePair, recipe))),
      );
    },
  };
}

/** The plans from index `from` on: planning a million pairs takes less than decoding ten pictures. */
function* startingAt(plans: Iterable<PairPlan>, from: number): Generator<PairPlan> {
  for (const plan of plans) if (plan.index >= from) yield plan;
}
