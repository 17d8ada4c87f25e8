/**
 * Chooses which bands of an image the net sees, and between which values: those of the options, or those the image
 * suggests.
 */
import { OptionError } from "../../errors.ts";
import type { Radiometry } from "../../image/radiometry.ts";

/** What a caller may ask for. */
export interface BandChoice {
  /** One or three bands, from 1 on. */
  readonly bands: readonly number[] | undefined;
  /** Values that are black and white to the net. */
  readonly range: readonly [low: number, high: number] | undefined;
}

/**
 * Indices of the colours: those of `bands`, else the first three that are not alpha, or the first of fewer.
 * @throws OptionError where the image has no such band, or it is alpha
 */
export function chooseColours(
  path: string,
  { channels, alpha }: { readonly channels: number; readonly alpha?: Radiometry["alpha"] },
  bands: BandChoice["bands"],
): readonly number[] {
  const all = Array.from({ length: channels }, (_, channel) => channel);
  const opaque = all.filter((channel) => channel !== alpha?.channel);
  if (bands === undefined) return opaque.slice(0, opaque.length < 3 ? 1 : 3);
  for (const band of bands) {
    if (opaque.includes(band - 1)) continue;
    const kind = band - 1 === alpha?.channel ? ", which is alpha" : "";
    const most = channels === 1 ? "its one band" : `bands from 1 to ${channels}`;
    throw new OptionError(`Expected ${most} of ${path} but received ${band}${kind}`);
  }
  return bands.map((band) => band - 1);
}
