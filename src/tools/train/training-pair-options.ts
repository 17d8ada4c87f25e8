/** Lists the options of training pairs, with their defaults. */
import { integer, invalid, oneOf } from "../../check.ts";
import { OptionError } from "../../errors.ts";

/** The options of training pairs. */
export interface PairOptions {
  /** Folders of sharp images, to be blurred. */
  readonly sharp: readonly string[];
  /** Folders of real pairs: blur/ and sharp/ with images of equal names, and other layouts of data sets. */
  readonly pairs: readonly string[];
  /** Fraction of real pairs, 0..1, where both are given. Default 0.3. */
  readonly pairShare: number;
  /** A safe integer from 0 up. Default 0. */
  readonly seed: number;
  /** Side of a pair, px. Default 128. */
  readonly size: number;
  /** Odd. Default 19, as in the published nets. */
  readonly kernelSize: number;
  /** Each pair uses one at random: blur sums stored samples raised to this power. Default [1]; restoration [1, 2.2]. */
  readonly gammas: readonly number[];
  /** Largest standard deviation of the noise, 0..1; each pair samples its own below. Default 0.01. */
  readonly noise: number;
  /** Share of simulated pairs whose blurry image has the loss of a JPEG file, 0..1. Default 0. */
  readonly jpeg: number;
  /**
   * Each opened real pair is reduced by one of these at random: means of squares of 1 to 4 pixels a side. Where the
   * reduced image is smaller than a patch, the next lower factor is used. Default [1].
   */
  readonly reduce: readonly number[];
  /** Return the kernels: 361 values a pixel at kernel size 19. Default false. */
  readonly keepKernels: boolean;
  /** Return the kernels at the centres of cells of this many pixels a side: 1, 2 or 4. Default: undefined, none. */
  readonly cellStride: number | undefined;
  /**
   * Blur the surroundings of a patch into it, as in a photograph. ⊗ of the patch then equals the blurry patch only half
   * a kernel inside its edge. Default false: the edge pixels are repeated.
   */
  readonly surroundings: boolean;
  /** Pairs cut from an image while it is open. Default 8. */
  readonly crops: number;
  /** Images that take turns: this many pairs in a row come from different images. Default 16. */
  readonly open: number;
  /** Pairs being made or waiting. Default 8. */
  readonly inFlight: number;
  /** Larger images are skipped. Default 10⁹. */
  readonly maxPixels: number;
}

const defaults: Omit<PairOptions, "sharp" | "pairs"> = {
  pairShare: 0.3,
  seed: 0,
  size: 128,
  kernelSize: 19,
  gammas: [1],
  noise: 0.01,
  jpeg: 0,
  reduce: [1],
  keepKernels: false,
  cellStride: undefined,
  surroundings: false,
  crops: 8,
  open: 16,
  inFlight: 8,
  maxPixels: 1_000_000_000,
};

const any = Number.MAX_SAFE_INTEGER;

/** Fills in defaults. @throws OptionError naming the invalid option */
export function completePairOptions(given: Partial<PairOptions>): PairOptions {
  const options = { sharp: [], pairs: [], ...defaults, ...given };
  if (options.sharp.length + options.pairs.length === 0)
    throw new OptionError("Expected a folder of sharp images or of pairs but received none");
  integer("seed", options.seed, 0, any);
  integer("size", options.size, 16, 4096);
  if (options.kernelSize % 2 !== 1 || options.kernelSize < 3 || options.kernelSize > 127)
    throw invalid("kernelSize", "an odd integer from 3 to 127", options.kernelSize);
  integer("crops", options.crops, 1, 1024);
  integer("open", options.open, 1, 1024);
  integer("inFlight", options.inFlight, 1, 1024);
  integer("maxPixels", options.maxPixels, 1, any);
  within("pairShare", options.pairShare, 0, 1);
  within("noise", options.noise, 0, 1);
  within("jpeg", options.jpeg, 0, 1);
  if (options.reduce.length === 0) throw invalid("reduce", "integers from 1 to 4", options.reduce);
  for (const factor of options.reduce) integer("reduce", factor, 1, 4);
  if (options.cellStride !== undefined) oneOf("cellStride", options.cellStride, [1, 2, 4, 16]);
  if (options.gammas.length === 0)
    throw invalid("gammas", "numbers from 0.1 to 10", options.gammas);
  for (const gamma of options.gammas) within("gammas", gamma, 0.1, 10);
  return options;
}

function within(name: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) throw invalid(name, `a number from ${min} to ${max}`, value);
}
