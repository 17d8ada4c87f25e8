/** Lists every option of pairs once: the command line and `writePairs` read the same table. */
import { invalid } from "../../check.ts";
import { OptionError } from "../../errors.ts";
import type { NameOf } from "../../pipeline/options/complete-options.ts";
import { numbersOf } from "../../pipeline/options/option-lists.ts";
import { type OptionTable, path, toggle, upTo } from "../../pipeline/options/option-table.ts";

/** The options of pairs of images. */
export interface PairsOptions {
  /** Pairs in all; undefined: one for each image. With more, images repeat under other blur. */
  readonly count: number | undefined;
  /** Largest side of a pair, pixels; a larger image gives a random rectangle. */
  readonly size: number;
  readonly seed: number;
  /** Path of measured kernels; undefined: kernels are simulated. */
  readonly kernels: string | undefined;
  /** Side of a simulated kernel, odd; undefined: 19. Measured kernels keep their size. */
  readonly kernelSize: number | undefined;
  /** Each pair uses one of these, at random: blur sums stored samples raised to this power. */
  readonly gamma: readonly number[];
  /** Largest standard deviation of the noise, 0..1; each pair samples its own below. */
  readonly noise: number;
  /** Also write the kernels. */
  readonly keepKernels: boolean;
  /** Larger images are refused. */
  readonly maxPixels: number;
  /** Replace the pairs of another call. */
  readonly force: boolean;
}

/** Default side of a simulated kernel: that of the published nets. */
export const usualKernelSize = 19;

/** Largest side of a kernel. */
export const largestKernel = 127;

/** The rows, in the order of --help. */
export const pairsOptionTable: OptionTable<PairsOptions> = {
  count: {
    ...upTo(1, 1_000_000),
    default: undefined,
    otherwise: "one of each picture",
    common: true,
    help: "pairs in all",
  },
  size: {
    ...upTo(16, 4096),
    default: 1024,
    common: true,
    help: "largest side, pixels; of a larger picture a part is cut",
  },
  seed: {
    ...upTo(0, 2 ** 32 - 1),
    value: "SEED",
    default: 0,
    common: true,
    help: "of all random choices",
  },
  kernels: {
    ...path("FILE|DIR"),
    default: undefined,
    otherwise: "simulated",
    common: true,
    help: "measured kernels: .npy, .safetensors, pictures",
  },
  kernelSize: {
    value: "N",
    numeric: true,
    default: undefined,
    otherwise: `${usualKernelSize}, or as measured`,
    help: "side of a simulated kernel, odd",
    check(name, value) {
      const side = typeof value === "number" && Number.isInteger(value) ? value : 0;
      if (side % 2 === 1 && side >= 3 && side <= largestKernel) return side;
      throw invalid(name, `an odd integer from 3 to ${largestKernel}`, value);
    },
  },
  gamma: {
    value: "LIST",
    default: [1],
    otherwise: "1",
    common: true,
    help: "blur sums samples raised to one of these powers; 2.2: light",
    check(name, value) {
      const powers = numbersOf(typeof value === "number" ? [value] : value) ?? [];
      if (powers.length > 0 && powers.every((power) => power >= 0.1 && power <= 10)) return powers;
      throw invalid(name, "numbers from 0.1 to 10, such as 1,2.2,", value);
    },
  },
  noise: {
    value: "MOST",
    default: 0.01,
    common: true,
    help: "most of the camera's noise, as a standard deviation in 0 to 1",
    check(name, value) {
      const [most, more] = numbersOf(typeof value === "number" ? [value] : value) ?? [];
      if (most !== undefined && more === undefined && most >= 0 && most <= 1) return most;
      throw invalid(name, "a number from 0 to 1", value);
    },
  },
  keepKernels: {
    ...toggle(),
    common: true,
    help: "write the blur itself too (safetensors)",
  },
  maxPixels: {
    ...upTo(1, Number.MAX_SAFE_INTEGER),
    default: 1_000_000_000,
    help: "refuse larger pictures",
  },
  force: { ...toggle("f"), common: true, help: "replace the pairs of another call" },
};

/** @throws OptionError where options do not go together */
export function checkPairsOptions(
  { kernels, kernelSize }: Pick<PairsOptions, "kernels" | "kernelSize">,
  nameOf: NameOf,
): void {
  if (kernels === undefined || kernelSize === undefined) return;
  throw new OptionError(
    `Expected one of ${nameOf("kernels")}, ${nameOf("kernelSize")} but received both`,
  );
}
