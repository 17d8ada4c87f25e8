/** In go options as a caller gave them, out come the ones a run uses: checked, with every default filled in. */
import { integer, invalid, oneOf } from "../check.ts";
import { OptionError } from "../errors.ts";
import { convert as convertSamples, isFlat } from "../image/convert.ts";
import { planTiles } from "../image/plan-tiles.ts";
import type { Convert, ImageSource } from "../image/raster.ts";
import type { Engine, KernelField } from "../model/engine.ts";
import type { Sampling } from "../operators/samples/sample-field.ts";
import { defaultResidualLimit } from "../operators/stages/guard.ts";
import { type TileErrorPolicy, tileErrorPolicies } from "../operators/stages/tile.ts";

/** How an image is cut, and what happens on a tile's way. All have a default. */
export interface DeblurImageOptions {
  /** Who maps samples to what the net sees: `pool.convert` in threads of its own. Default: the calling thread. */
  readonly convert?: Convert;
  /** The most pixels a side a tile reads, a multiple of the engine's alignment. Default 512. */
  readonly tile?: number;
  /** Pixels on each side of a tile that only give context, a multiple of the alignment. Default 32. */
  readonly halo?: number;
  /** Pixels from the middle of a seam to its end. Default: half the halo, as far as there is room. */
  readonly feather?: number;
  /** Tiles between being read and being stored. Default 3. */
  readonly inFlight?: number;
  /** Seconds until a call that does not answer counts as hanging. Default 600. */
  readonly timeout?: number;
  /** Default "fail". */
  readonly onTileError?: TileErrorPolicy;
  /** Root mean square, 0..1, above which a residual is refused. Default `defaultResidualLimit`. */
  readonly residualLimit?: number;
  /** Who hears what the net saw and predicted, and at which points; nobody unless said. */
  readonly sample?: Samplings;
  /** Tiles without structure, constant or without a measurement, pass unchanged and cost the engine nothing. Default true. */
  readonly skipFlat?: boolean;
  /** Tiles whose kernels are all close to none pass unchanged and are not restored (see `skipSharp`). Default false. */
  readonly skipSharp?: boolean;
  /** Stops it; the Observable fails with its reason. */
  readonly signal?: AbortSignal;
}

/** What holds when nobody says, here and on the command line. */
export const tileDefaults = { tile: 512, halo: 32, inFlight: 3, timeout: 600 } as const;

/** What can be looked at on a tile's way, each at points of its own. */
export interface Samplings {
  /** What the net sees (see `samplePicture`). */
  readonly image?: readonly Sampling[];
  /** How sure it is of the kernels (see `sampleSigma`). */
  readonly sigma?: readonly Sampling[];
  /** The kernels (see `sampleKernels`). */
  readonly kernels?: readonly Sampling[];
}

export type CheckedOptions = Required<
  Pick<
    DeblurImageOptions,
    | "convert"
    | "tile"
    | "halo"
    | "feather"
    | "inFlight"
    | "timeout"
    | "onTileError"
    | "residualLimit"
    | "skipFlat"
    | "skipSharp"
  >
> & { readonly sample: Required<Samplings> };

/** A longer timer than 2³¹ ms fires at once. */
const longestTimeout = 2_147_483;

/**
 * All options; the lengths are for `openGrid` to check against the image.
 * @throws OptionError, also where samplings do not fit the image or the engine's net
 */
export function checkDeblurImage(
  {
    convert = onThisThread,
    tile = tileDefaults.tile,
    halo = tileDefaults.halo,
    feather,
    inFlight = tileDefaults.inFlight,
    timeout = tileDefaults.timeout,
    onTileError = "fail",
    residualLimit = defaultResidualLimit,
    sample: { image = [], sigma = [], kernels = [] } = {},
    skipFlat = true,
    skipSharp = false,
  }: DeblurImageOptions,
  { width, height }: Pick<ImageSource, "width" | "height">,
  engine: Pick<Engine, "kernelField" | "identity" | "alignment">,
): CheckedOptions {
  for (const { points } of [...image, ...sigma, ...kernels]) {
    if (points.width === width && points.height === height) continue;
    throw new OptionError(
      `Expected points of ${width}×${height} pixels for sample but received ${points.width}×${points.height}`,
    );
  }
  if (skipSharp) knownKernels("skipSharp", engine);
  if (sigma.length + kernels.length > 0) knownKernels("sample", engine);
  return {
    convert,
    tile,
    halo,
    feather:
      feather ?? planTiles({ width, height, tile, halo, alignment: engine.alignment }).feather,
    inFlight: integer("inFlight", inFlight, 1, Number.MAX_SAFE_INTEGER),
    timeout: positive("timeout", timeout, longestTimeout),
    onTileError: oneOf("onTileError", onTileError, tileErrorPolicies),
    residualLimit: positive("residualLimit", residualLimit, 1),
    sample: { image, sigma, kernels },
    skipFlat: oneOf("skipFlat", skipFlat, [true, false]),
    skipSharp: oneOf("skipSharp", skipSharp, [true, false]),
  };
}

/** The kernels of the engine's net. @throws OptionError, with the option's `name`, where it knows none */
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
