/** What the raster sink can hold of a source: 8 or 16 bits, grey or RGB, with or without straight alpha. */
import { OptionError } from "../../errors.ts";
import type { Radiometry } from "../../operators/radiometry.ts";
import { plainRadiometry } from "../../operators/radiometry.ts";
import type { ImageSource } from "../../operators/tile.ts";

interface RasterPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  /** Those of the source. */
  readonly bits: 8 | 16;
}

/** @throws OptionError where the source has samples or bands of another kind */
export function rasterPictureOf(
  path: string,
  source: ImageSource & { readonly radiometry: Radiometry },
): RasterPicture {
  const { width, height, channels, sampleType, radiometry } = source;
  const bits = { uint8: 8 as const, uint16: 16 as const }[sampleType as string];
  const count = ([1, 2, 3, 4] as const).find((it) => it === channels);
  const { alpha } = plainRadiometry(channels, sampleType);
  const same =
    alpha?.channel === radiometry.alpha?.channel &&
    alpha?.premultiplied === radiometry.alpha?.premultiplied;
  if (bits !== undefined && count !== undefined && same) {
    return { width, height, channels: count, bits };
  }
  const found = radiometry.alpha?.premultiplied ? ", alpha premultiplied" : "";
  throw new OptionError(
    "Expected grey or RGB of 8 or 16 unsigned bits, with or without straight alpha, for an output " +
      `of this version, but ${path} has ${channels} × ${sampleType}${found}`,
  );
}
