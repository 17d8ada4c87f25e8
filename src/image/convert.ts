/**
 * Converts samples in source units to what the net sees: three planes of float32 in 0..1, as large as the net asks
 * for. Nothing else happens to a colour on its way to the net.
 */

import { netView } from "./net-view.ts";
import type { Radiometry } from "./radiometry.ts";
import type { Raster } from "./raster.ts";

/**
 * x of a tile: [3, padded.height, padded.width] planar, the colours mapped from their range to 0..1.
 * Grey fills three equal planes, other channels are left out; pixels without a measurement are filled from
 * their neighbours. Padded right and bottom by reflection without the edge pixel, as often as needed.
 * @throws Error where `padded` is smaller than the source or the samples do not fill it.
 */
export function convert(
  source: Raster,
  padded: { readonly width: number; readonly height: number },
  radiometry: Radiometry,
): Float32Array<ArrayBuffer> {
  const { width, height, channels } = source;
  if (
    source.samples.length !== width * height * channels ||
    padded.width < width ||
    padded.height < height
  )
    throw new Error(
      `cannot pad ${width}×${height}×${channels} (${source.samples.length} samples) to ${padded.width}×${padded.height}`,
    );
  const { samples } = netView(source, radiometry);
  const {
    colours,
    range: [low, high],
  } = radiometry;
  const span = high - low;
  const seen = (sample: number): number => Math.min(1, Math.max(0, (sample - low) / span));
  const table =
    samples instanceof Uint8Array
      ? Float32Array.from({ length: 256 }, (_, i) => seen(i))
      : undefined;
  const columns = reflected(width, padded.width);
  const rows = reflected(height, padded.height);
  const plane = padded.width * padded.height;
  const pixels = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    const band = colours[channel % colours.length] as number;
    let to = channel * plane;
    for (const row of rows) {
      const line = to;
      let from = row * width * channels + band;
      // Two loops: looking a sample up takes a third of the time of computing it.
      if (table === undefined) {
        for (let x = 0; x < width; x++, from += channels)
          pixels[to++] = seen(samples[from] as number);
      } else {
        for (let x = 0; x < width; x++, from += channels)
          pixels[to++] = table[samples[from] as number] as number;
      }
      for (let x = width; x < padded.width; x++)
        pixels[to++] = pixels[line + (columns[x] as number)] as number;
    }
  }
  return pixels;
}

/** True where each plane of `pixels`, [3, height, width], holds one value: there is nothing to restore. */
export function isFlat(pixels: Float32Array): boolean {
  const plane = pixels.length / 3;
  for (let start = 0; start < pixels.length; start += plane) {
    const value = pixels[start];
    for (let at = start; at < start + plane; at++) if (pixels[at] !== value) return false;
  }
  return true;
}

/** For each of `padded` places the place among `size` it mirrors: 0 1 2 | 1 0 1 2 … for size 3. */
function reflected(size: number, padded: number): Int32Array {
  const period = Math.max(1, 2 * (size - 1));
  return Int32Array.from({ length: padded }, (_, place) => {
    const phase = place % period;
    return Math.min(phase, period - phase) % size;
  });
}
