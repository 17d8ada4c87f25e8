/**
 * Finds the pixels of a raster that hold no measurement: the net must not see them, and the output keeps their bits.
 */

import type { Radiometry } from "./radiometry.ts";
import type { Raster } from "./raster.ts";
import { isFloat, sampleTypeOf } from "./samples.ts";

/**
 * [height, width], 1 where the mask is set, alpha is 0, or one of the colours is nodata or not finite;
 * undefined where all pixels are good.
 */
export function invalidPixels(
  { width, height, channels, samples, valid }: Raster,
  { colours, alpha, nodata }: Radiometry,
): Uint8Array<ArrayBuffer> | undefined {
  const float = isFloat(sampleTypeOf(samples));
  if (valid === undefined && alpha === undefined && nodata === undefined && !float)
    return undefined;
  const invalid = new Uint8Array(width * height);
  let found = false;
  const mark = (pixel: number): void => {
    invalid[pixel] = 1;
    found = true;
  };
  for (let pixel = 0; pixel < invalid.length; pixel++) {
    if (valid?.[pixel] === 0) mark(pixel);
    if (alpha === undefined) continue;
    const opacity = samples[pixel * channels + alpha.channel] as number;
    if (!(opacity > 0 && opacity < Number.POSITIVE_INFINITY)) mark(pixel);
  }
  if (nodata === undefined && !float) return found ? invalid : undefined;
  for (const colour of colours) {
    for (let pixel = 0, at = colour; pixel < invalid.length; pixel++, at += channels) {
      const value = samples[at] as number;
      if (value === nodata || !Number.isFinite(value)) mark(pixel);
    }
  }
  return found ? invalid : undefined;
}
