/** Checks the options of `deblurImage` and `storeImage` and fills in their defaults. */
import { integer, invalid, oneOf } from "../check.ts";
import { OptionError } from "../errors.ts";
import { convert as convertSamples, isFlat } from "../image/convert.ts";
import type { Convert, ImageSource } from "../image/raster.ts";
import { type StrengthField, strengthOf } from "../image/strength.ts";
import { type Grid, reductionOf, type Scale, scales } from "../image/tiling/grid.ts";
import { openGrid } from "../image/tiling/open-grid.ts";
import type { Engine, KernelField } from "../model/engine.ts";
import type { Sampling } from "../operators/samples/sample-field.ts";
import { defaultResidualLimit } from "../operators/stages/guard.ts";
import { type TileErrorPolicy, tileErrorPolicies } from "../operators/stages/tile.ts";
import type { Rect } from "../rect.ts";
import { checkStrength } from "./options/check-strength.ts";
import { tileDefaults, usualTilesOf } from "./options/tile-defaults.ts";

/** How an image is cut, and how its tiles are restored. All have a default. */
export interface DeblurImageOptions {
  /** Maps samples to the network's input: `convertIn(pool)` does so in worker threads. Default: the calling thread. */
  readonly convert?: Convert;
  /** The tiles. Default: planned from `tile`, `halo`, `feather` and `scale`, which it replaces. */
  readonly grid?: Grid;
  /**
   * The most pixels a side a tile reads, a multiple of the engine's alignment. Default 512 (640 at scale "auto"), or
   * what suits the engine's net.
   */
  readonly tile?: number;
  /** Pixels on each side of a tile that only give context, a multiple of the alignment. Default 32, or what suits the net. */
  readonly halo?: number;
  /** Pixels from the middle of a seam to its end. Default: half the halo, or less where a tile has no room for it. */
  readonly feather?: number;
  /**
   * 2 and 4 restore the image reduced by that, for long blur, and add what that changes; `tile` and `halo` then count
   * reduced pixels. "auto" chooses between 1 and 2 in each cell of 128 pixels. Default 1.
   */
  readonly scale?: Scale;
  /** Most tiles between being read and being stored. Default 3. */
  readonly inFlight?: number;
  /** Seconds until a call without an answer counts as hanging. Default 600. */
  readonly timeout?: number;
  /** "fail" ends the run, "copy" leaves the tile unchanged. Default "fail". */
  readonly onTileError?: TileErrorPolicy;
  /** Root mean square, 0..1, above which a residual is refused. Default `defaultResidualLimit`. */
  readonly residualLimit?: number;
  /** Receives the network's input and its predictions at chosen points. Default: none. */
  readonly sample?: Samplings;
  /** Skip tiles without structure, constant or without a measurement; they never reach the engine. Default true. */
  readonly skipFlat?: boolean;
  /** Factor of what the net changes, 0 to 1.5: 0 leaves the image as it is, 1 restores it. Default 1. */
  readonly strength?: number;
  /** Of the image's size: white restores, black and transparent leave, grey is between. Default: white. */
  readonly mask?: ImageSource;
  /** Restore only this rectangle, weaker over the 16 pixels inside its edges. Default: the whole image. */
  readonly region?: Rect;
  /** Copy tiles whose kernels all show almost no blur (see `skipSharp`). Default false. */
  readonly skipSharp?: boolean;
  /** Stops the run; the Observable fails with its reason. */
  readonly signal?: AbortSignal;
}

/** The quantities to sample from tiles, each at its own points. */
export interface Samplings {
  /** The network's input (see `sampleImage`). */
  readonly image?: readonly Sampling[];
  /** The uncertainty of the kernels (see `sampleSigma`). */
  readonly sigma?: readonly Sampling[];
  /** The kernels (see `sampleKernels`). */
  readonly kernels?: readonly Sampling[];
}

/** The options with every default filled in; `grid` replaces the lengths, `strength` mask and region. */
export type CheckedOptions = Required<
  Omit<DeblurImageOptions, Replaced | "sample" | "strength" | "signal">
> & {
  readonly sample: Required<Samplings>;
  /** undefined: 1 everywhere. */
  readonly strength: StrengthField | undefined;
};

/** Options that `grid` and `strength` replace. */
type Replaced = "tile" | "halo" | "feather" | "scale" | "mask" | "region";

/** Seconds. A timer above 2³¹ ms fires at once. */
const longestTimeout = 2_147_483;

/** What the options are checked against. */
type CheckedEngine = Pick<
  Engine,
  "kernelField" | "identity" | "alignment" | "largestTile" | "usualTiles"
>;

/** Checks the options and fills in defaults. @throws OptionError, also if grid or samplings fit neither image nor net */
export function checkDeblurImage(
  {
    convert = onThisThread,
    grid,
    scale = 1,
    tile,
    halo,
    feather,
    inFlight = tileDefaults.inFlight,
    timeout = tileDefaults.timeout,
    onTileError = "fail",
    residualLimit = defaultResidualLimit,
    sample: { image = [], sigma = [], kernels = [] } = {},
    skipFlat = true,
    skipSharp = false,
    strength = 1,
    mask,
    region,
  }: DeblurImageOptions,
  { width, height }: Pick<ImageSource, "width" | "height">,
  engine: CheckedEngine,
): CheckedOptions {
  for (const { points } of [...image, ...sigma, ...kernels]) {
    if (points.width === width && points.height === height) continue;
    throw new OptionError(
      `Expected points of ${width}×${height} pixels for sample but received ${points.width}×${points.height}`,
    );
  }
  if (skipSharp) knownKernels("skipSharp", engine);
  if (sigma.length + kernels.length > 0) knownKernels("sample", engine);
  const { alignment } = engine;
  const usual = usualTilesOf(engine, scale);
  return {
    convert,
    grid:
      grid === undefined
        ? openGrid({
            ...{ width, height, feather, alignment },
            ...{ tile: tile ?? usual.tile, halo: halo ?? usual.halo },
            scale: oneOf("scale", scale, scales),
          })
        : fitting(grid, { width, height, alignment }),
    inFlight: integer("inFlight", inFlight, 1, Number.MAX_SAFE_INTEGER),
    timeout: positive("timeout", timeout, longestTimeout),
    onTileError: oneOf("onTileError", onTileError, tileErrorPolicies),
    residualLimit: positive("residualLimit", residualLimit, 1),
    sample: { image, sigma, kernels },
    skipFlat: oneOf("skipFlat", skipFlat, [true, false]),
    skipSharp: oneOf("skipSharp", skipSharp, [true, false]),
    strength: strengthOf(checkStrength({ strength, mask, region }, { width, height }), {
      width,
      height,
    }),
  };
}

/** Refuses a grid of another image or alignment, which would restore the wrong pixels. */
function fitting(
  grid: Grid,
  { width, height, alignment }: { width: number; height: number; alignment: number },
): Grid {
  const { plan } = grid;
  const aligned = alignment * reductionOf(plan.scale);
  if (plan.width === width && plan.height === height && plan.alignment % aligned === 0) return grid;
  throw new OptionError(
    `Expected a grid of ${width}×${height} pixels aligned to ${aligned} but received one of ` +
      `${plan.width}×${plan.height} aligned to ${plan.alignment}`,
  );
}

/** Returns the kernel field of the engine's net. @throws OptionError with the option's `name` if the net has none */
export function knownKernels(
  name: string,
  { kernelField, identity }: Pick<Engine, "kernelField" | "identity">,
): KernelField {
  if (kernelField !== undefined) return kernelField;
  throw new OptionError(
    `Expected a net that knows motion kernels for ${name} but that of engine ${identity.engine} knows none`,
  );
}

const onThisThread: Convert = async (source, padded, { radiometry }) => {
  const pixels = convertSamples(source, padded, radiometry);
  return { source, pixels, flat: isFlat(pixels) };
};

function positive(name: string, value: number, max: number): number {
  if (value > 0 && value <= max) return value;
  throw invalid(name, `a number above 0, ${max} at most`, value);
}
