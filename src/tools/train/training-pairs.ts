/**
 * Opens an endless stream of training pairs from folders of images: planned in order, read, blurred on the pool's
 * threads, and delivered in order at the consumer's pace.
 */
import { lastValueFrom, of } from "rxjs";
import { integer } from "../../check.ts";
import type { Pool } from "../../io/pool/pool.ts";
import { findPairs } from "../../io/sources/find-pairs.ts";
import { pullAhead } from "../../operators/flow/pull-ahead.ts";
import { type PairPlan, planPairs } from "../../operators/pairs/plan-pairs.ts";
import {
  type PairRecipe,
  synthesize,
  type TrainingPair,
} from "../../operators/pairs/synthesize.ts";
import { makePairIn } from "./make-pair.ts";
import { openPatchSource } from "./patch-source.ts";
import { findSharp } from "./sharp-images.ts";
import { completePairOptions, type PairOptions } from "./training-pair-options.ts";

/** The pairs of some folders. */
export interface TrainingPairs {
  /** Number of sharp images in the folders, and of real pairs. */
  readonly sharp: number;
  readonly pairs: number;
  /**
   * The pairs from index `from` on. Pair i depends on options and folders alone, not on where the stream began nor on
   * the number of threads. Iterate it once; a consumer that stops ends the reading.
   * @param size side of the pairs; undefined: that of the options
   * @throws OptionError at once; while iterating InputError where no image is left, IoError where reading fails
   */
  stream(from?: number, size?: number): AsyncIterable<TrainingPair>;
}

/**
 * Lists the folders' images. The caller closes the pool, after the streams have ended.
 *
 *     const { stream } = await openTrainingPairs({ sharp: ["photos"], size: 128 }, { pool });
 *     for await (const { sharp, blurry } of stream()) step(sharp, blurry);
 *
 * @throws OptionError, NoInputError or InputError
 */
export async function openTrainingPairs(
  given: Partial<PairOptions>,
  { pool, onNote = () => {} }: { readonly pool: Pool; readonly onNote?: (message: string) => void },
): Promise<TrainingPairs> {
  const options = completePairOptions(given);
  const { seed, kernelSize, crops, open, inFlight, maxPixels, reduce } = options;
  const folders = await Promise.all(options.sharp.map(findSharp));
  const sharp = folders.flat().map((path) => ({ sharp: path, blurry: undefined }));
  const found = await Promise.all(options.pairs.map(findPairs));
  const pairs = found.flatMap((folder) => folder.pairs);
  const planning = {
    seed,
    sharp: sharp.length,
    pairs: pairs.length,
    pairShare: options.pairShare,
    crops,
    open,
  };
  const makePair = makePairIn(pool);

  return {
    sharp: sharp.length,
    pairs: pairs.length,
    stream(from = 0, size = options.size) {
      integer("from", from, 0, Number.MAX_SAFE_INTEGER);
      const recipe = recipeOf(completePairOptions({ ...given, size }));
      const side = options.surroundings ? size + kernelSize - 1 : size;
      const cutting = { seed, side, crops, maxPixels, reduce, onNote };
      const source = openPatchSource({ sharp, pairs, ...cutting });
      const plans = planPairs(planning);
      return pullAhead(startingAt(plans, from), inFlight, (plan) =>
        lastValueFrom(of(plan).pipe(synthesize(source, makePair, recipe))),
      );
    },
  };
}

/** The plans from index `from` on: planning a million pairs takes less than decoding ten pictures. */
function* startingAt(plans: Iterable<PairPlan>, from: number): Generator<PairPlan> {
  for (const plan of plans) if (plan.index >= from) yield plan;
}

function recipeOf(options: PairOptions): PairRecipe {
  const { seed, size, kernelSize, gammas, noise, keepKernels, cellStride, jpeg } = options;
  return { seed, size, kernelSize, gammas, noise, keepKernels, cellStride, jpeg };
}
