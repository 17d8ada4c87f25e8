/** Makes training pairs from their plans; the only module that reads and blurs training images. */
import { defer, finalize, from, mergeMap, type OperatorFunction } from "rxjs";
import type { PairPlan } from "./plan-pairs.ts";

/** The part of an image that one pair is made from: [side, side, 3] interleaved, stored sample values. */
export interface Patch {
  /** The pair's size, or larger: the surroundings then blur into the patch. */
  readonly side: number;
  readonly sharp: Uint8Array<ArrayBuffer>;
  /** The same part of the blurry image; undefined: blur is synthesised. */
  readonly blurry: Uint8Array<ArrayBuffer> | undefined;
}

/** The source of patches, or of other raw material for pairs. */
export interface PatchSource<From = Patch> {
  /** Called once per plan, in order of the plans; the returned buffers belong to the caller. */
  read(plan: PairPlan, options: { signal: AbortSignal }): Promise<From>;
}

/** The settings for making pairs. */
export interface PairRecipe {
  readonly seed: number;
  readonly size: number;
  /** Odd. */
  readonly kernelSize: number;
  /** Blur averages sample values raised to one of these powers: 1, or 2.2 for linear light. */
  readonly gammas: readonly number[];
  /** Largest standard deviation of the camera's noise, in 0..1. */
  readonly noise: number;
  readonly keepKernels: boolean;
  /** Return the kernels at the centres of cells of this many pixels a side. Default: none. */
  readonly cellStride?: number | undefined;
  /** Share of simulated pairs whose blurry image has the loss of a JPEG file, 0..1. Default 0. */
  readonly jpeg?: number | undefined;
}

/** A patch and the settings for making a pair of it. */
export interface PairJob<From = Patch, Recipe = PairRecipe> {
  readonly index: number;
  readonly patch: From;
  readonly recipe: Recipe;
}

/** Rotates and blurs a patch and adds noise. Runs off the main thread; the patch's buffers are transferred. */
export type MakePair<From = Patch, Recipe = PairRecipe, Pair = TrainingPair> = (
  job: PairJob<From, Recipe>,
  options: { signal: AbortSignal },
) => Promise<Pair>;

/**
 * Read a patch and make the pair. The pair depends on seed and index only, not on thread or time.
 *
 * PairPlan → TrainingPair, or whatever type `make` returns.
 *
 * **Warning**: every plan that arrives is read at once; limit them by `pullAhead` or `admit`.
 *
 *     pullAhead(planPairs(planning), 8, (plan) => lastValueFrom(of(plan).pipe(synthesize(source, make, recipe))))
 *
 * @throws the errors of source and `make`. Unsubscribing aborts the signal.
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

/** A square sharp patch and its blurry counterpart; all values 0..1. */
export interface TrainingPair {
  readonly size: number;
  /** [3, size, size] planar. */
  readonly sharp: Float32Array<ArrayBuffer>;
  /** [3, size, size] planar. */
  readonly blurry: Float32Array<ArrayBuffer>;
  /** [k², size, size], if requested and known; the blur of real pairs is unknown. */
  readonly kernels: Float32Array<ArrayBuffer> | undefined;
  /** [size/s, size/s, k²] for cells of s×s pixels, if requested and known. */
  readonly cellKernels?: Float32Array<ArrayBuffer> | undefined;
}
