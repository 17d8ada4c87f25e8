/** Checks how much of the restoration is added, and where, against the image. */
import { numberIn } from "../../check.ts";
import { OptionError } from "../../errors.ts";
import type { StrengthParts } from "../../image/strength.ts";
import type { Rect } from "../../rect.ts";

/** The most that strengthens the change; beyond it edges show halos. */
export const strongest = 1.5;

/** Checks strength, mask and region. @throws OptionError if one of them does not fit the image */
export function checkStrength(
  { strength, mask, region }: StrengthParts,
  { width, height }: { readonly width: number; readonly height: number },
): StrengthParts {
  numberIn("strength", strength, 0, strongest);
  if (mask !== undefined && (mask.width !== width || mask.height !== height)) {
    throw new OptionError(
      `Expected a mask of ${width}×${height} pixels but received ${mask.width}×${mask.height}`,
    );
  }
  if (region !== undefined) checkRegion(region, { width, height });
  return { strength, mask, region };
}

/** Checks a region of an image. @throws OptionError unless it is inside */
export function checkRegion(
  region: Rect,
  { width, height }: { readonly width: number; readonly height: number },
): void {
  const numbers = [region.x, region.y, region.width, region.height];
  const isInside =
    numbers.every((value) => Number.isSafeInteger(value) && value >= 0) &&
    region.width > 0 &&
    region.height > 0 &&
    region.x + region.width <= width &&
    region.y + region.height <= height;
  if (isInside) return;
  throw new OptionError(
    `Expected a region inside ${width}×${height} pixels but received ${numbers.join(",")}`,
  );
}
