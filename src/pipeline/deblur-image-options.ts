/** In go options as a caller gave them, out come the ones a run uses: checked, with every default filled in. */
import { integer, invalid, oneOf } from "../check.ts";
import { type TileErrorPolicy, tileErrorPolicies } from "../operators/copy-failed.ts";
import { defaultResidualLimit } from "../operators/guard.ts";
import type { Convert } from "../operators/tile.ts";

export interface DeblurImageOptions {
  readonly convert: Convert;
  /** Pixels: the most a tile reads, the part of it that only gives context, half the width of a seam. */
  readonly tile: number;
  readonly halo: number;
  readonly feather: number;
  /** Tiles between being read and being stored. */
  readonly inFlight: number;
  /** Seconds until a call that does not answer counts as hanging. */
  readonly timeout: number;
  /** Default "fail". */
  readonly onTileError?: TileErrorPolicy;
  /** Root mean square, 0..1, above which a residual is refused. Default `defaultResidualLimit`. */
  readonly residualLimit?: number;
  /** Tiles without structure, constant or without a measurement, pass unchanged and cost the engine nothing. Default true. */
  readonly skipFlat?: boolean;
  readonly signal?: AbortSignal;
}

/** A longer timer than 2³¹ ms fires at once. */
const longestTimeout = 2_147_483;

/** The options but for the lengths, which `openGrid` checks against the image. @throws OptionError */
export function checkDeblurImage({
  convert,
  inFlight,
  timeout,
  onTileError = "fail",
  residualLimit = defaultResidualLimit,
  skipFlat = true,
}: DeblurImageOptions): Required<
  Pick<
    DeblurImageOptions,
    "convert" | "inFlight" | "timeout" | "onTileError" | "residualLimit" | "skipFlat"
  >
> {
  return {
    convert,
    inFlight: integer("inFlight", inFlight, 1, Number.MAX_SAFE_INTEGER),
    timeout: positive("timeout", timeout, longestTimeout),
    onTileError: oneOf("onTileError", onTileError, tileErrorPolicies),
    residualLimit: positive("residualLimit", residualLimit, 1),
    skipFlat: oneOf("skipFlat", skipFlat, [true, false]),
  };
}

function positive(name: string, value: number, max: number): number {
  if (value > 0 && value <= max) return value;
  throw invalid(name, `a number above 0, ${max} at most`, value);
}
