/** What a caller may choose about training pairs, with its defaults. */
import { integer, invalid } from "../../check.ts";
import { OptionError } from "../../errors.ts";

/** What there is to choose about training pairs. */
export interface PairOptions {
  /** Folders of sharp pictures, to be blurred. */
  readonly sharp: readonly string[];
  /** Folders of real pairs: blur/ and sharp/ with pictures of equal names, and other layouts of data sets. */
  readonly pairs: readonly string[];
  /** The part of the pairs that is real, 0..1, where there are both; 0.3. */
  readonly pairShare: number;
  /** A safe integer from 0 up; 0. */
  readonly seed: number;
  /** Side of a pair, px; 128. */
  readonly size: number;
  /** Odd; 19, as the published nets. */
  readonly kernelSize: number;
  /** One of these is drawn for each pair: blur adds up stored numbers to this power. [1]; for restoration [1, 2.2]. */
  readonly gammas: readonly number[];
  /** Largest standard deviation of the noise, 0..1; 0.01. Each pair draws its own below. */
  readonly noise: number;
  /** Hand the kernels over: 361 values a pixel at kernel size 19; no. */
  readonly keepKernels: boolean;
  /**
   * Let what lies around a patch in its picture blur into it, as in a photograph; then ⊗ gives the blurry patch only
   * from half a kernel inside its edge on. No: the edge pixels go on.
   */
  readonly surroundings: boolean;
  /** Pairs cut from a picture while it is open; 8. */
  readonly crops: number;
  /** Pictures that take turns, so that this many pairs in a row are of different pictures; 16. */
  readonly open: number;
  /** Pairs under way or waiting; 8. */
  readonly inFlight: number;
  /** Larger pictures are passed over; 10⁹. */
  readonly maxPixels: number;
}

const defaults: Omit<PairOptions, "sharp" | "pairs"> = {
  pairShare: 0.3,
  seed: 0,
  size: 128,
  kernelSize: 19,
  gammas: [1],
  noise: 0.01,
  keepKernels: false,
  surroundings: false,
  crops: 8,
  open: 16,
  inFlight: 8,
  maxPixels: 1_000_000_000,
};

const any = Number.MAX_SAFE_INTEGER;

/** Fills in defaults. @throws OptionError naming the option that cannot be */
export function completePairOptions(given: Partial<PairOptions>): PairOptions {
  const options = { sharp: [], pairs: [], ...defaults, ...given };
  if (options.sharp.length + options.pairs.length === 0)
    throw new OptionError("Expected a folder of sharp pictures or of pairs but received none");
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
  if (options.gammas.length === 0)
    throw invalid("gammas", "numbers from 0.1 to 10", options.gammas);
  for (const gamma of options.gammas) within("gammas", gamma, 0.1, 10);
  return options;
}

function within(name: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) throw invalid(name, `a number from ${min} to ${max}`, value);
}
