/** In go plans of training pairs, out come the pairs: the only place where training pictures are read and blurred. */
import { defer, finalize, from, mergeMap, type OperatorFunction } from "rxjs";
import type { PairPlan } from "./plan-pairs.ts";

/** What is cut from a picture for one pair: [side, side, 3] interleaved, stored numbers. */
export interface Patch {
  /** The pair's size, or more: then what is around it blurs into it. */
  readonly side: number;
  readonly sharp: Uint8Array<ArrayBuffer>;
  /** The same place of the blurry picture; none: blur is synthesised. */
  readonly blurry: Uint8Array<ArrayBuffer> | undefined;
}

/** Where patches come from, or whatever else pairs are made of. */
export interface PatchSource<From = Patch> {
  /** Every plan is read once, in order of the plans; buffers of its own. */
  read(plan: PairPlan, options: { signal: AbortSignal }): Promise<From>;
}

/** How pairs are made. */
export interface PairRecipe {
  readonly seed: number;
  readonly size: number;
  /** Odd. */
  readonly kernelSize: number;
  /** Blur adds up stored numbers to the power of one of these: 1, or 2.2 for light. */
  readonly gammas: readonly number[];
  /** Largest standard deviation of the camera's noise, in 0..1. */
  readonly noise: number;
  readonly keepKernels: boolean;
}

/** A patch, and how a pair is made of it. */
export interface PairJob<From = Patch, Recipe = PairRecipe> {
  readonly index: number;
  readonly patch: From;
  readonly recipe: Recipe;
}

/** Turns, blurs and photographs a patch; runs off the main thread, and takes the patch away. */
export type MakePair<From = Patch, Recipe = PairRecipe, Pair = TrainingPair> = (
  job: PairJob<From, Recipe>,
  options: { signal: AbortSignal },
) => Promise<Pair>;

/**
 * Read what the pair is cut from and make the pair. It depends on seed and index, whoever makes it and when.
 *
 * PairPlan → TrainingPair, or what else `make` makes.
 *
 * **Warning**: every plan that arrives is read at once; how many may arrive is for `pullAhead` or `admit` to say.
 *
 *     pullAhead(planPairs(planning), 8, (plan) => lastValueFrom(of(plan).pipe(synthesize(source, make, recipe))))
 *
 * @throws what source and `make` throw. Unsubscribing aborts the signal.
 */
export function synthesize<From, Recipe, Pair>(
  source: PatchSource<From>,
  make: MakePair<From, Recipe, Pair>,
  recipe: Recipe,
): OperatorFunction<PairPlan, Pair> {
  return mergeMap((plan) =>
    defer(() => {
      const abort = new AbortController();
      const { signal } = abort;
      const pair = async (): Promise<Pair> => {
        const patch = await source.read(plan, { signal });
        signal.throwIfAborted();
        return make({ index: plan.index, patch, recipe }, { signal });
      };
      return from(pair()).pipe(finalize(() => abort.abort()));
    }),
  );
}

/** A square patch; all values 0..1. */
export interface TrainingPair {
  readonly size: number;
  /** [3, size, size] planar. */
  readonly sharp: Float32Array<ArrayBuffer>;
  /** [3, size, size] planar. */
  readonly blurry: Float32Array<ArrayBuffer>;
  /** [k², size, size], where asked for and known: the blur of real pairs is not. */
  readonly kernels: Float32Array<ArrayBuffer> | undefined;
}
