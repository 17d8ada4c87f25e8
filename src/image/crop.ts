/** A part of a raster on a buffer of its own. */

import type { Rect } from "../rect.ts";
import type { Raster } from "./raster.ts";
import { createSamples, sampleTypeOf } from "./samples.ts";

/** A copy of the samples under `rect`, given in the raster's own coordinates. */
export function crop({ width, channels, samples, valid }: Raster, rect: Rect): Raster {
  const line = rect.width * channels;
  const cut = createSamples(sampleTypeOf(samples), line * rect.height);
  const mask = valid && new Uint8Array(rect.width * rect.height);
  for (let y = 0; y < rect.height; y++) {
    const pixel = (rect.y + y) * width + rect.x;
    cut.set(samples.subarray(pixel * channels, pixel * channels + line), y * line);
    mask?.set(valid?.subarray(pixel, pixel + rect.width) ?? [], y * rect.width);
  }
  const { width: across, height } = rect;
  return { width: across, height, channels, samples: cut, ...(mask && { valid: mask }) };
}
