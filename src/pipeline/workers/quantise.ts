/**
 * A block of the output: the source's samples plus what the net changed, in source units, rounded and
 * clamped to the output's type. Where the net changed nothing and the depth stays, samples stay equal.
 */
import type { Raster } from "../../operators/tile.ts";

/**
 * round(source + scale · residual), clamped: interleaved like the source, 8 or 16 bit as asked.
 * `residual` is [3, height, width] planar in 0..1; grey takes the mean of its three planes. Alpha is copied;
 * where the depth changes, samples go through 16 bit (× 257, or the nearest ÷ 257).
 * @throws Error where a residual is not finite, or sizes do not fit.
 */
export function quantise(
  source: Raster,
  residual: Float32Array,
  bits: 8 | 16,
): Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  const { width, height, channels, samples } = source;
  const plane = width * height;
  if (samples.length !== plane * channels || residual.length !== 3 * plane)
    throw new Error(
      `a block of ${width}×${height}×${channels} has ${samples.length} samples and ${residual.length} residuals`,
    );
  const wide = samples.BYTES_PER_ELEMENT === 2;
  const top = bits === 8 ? 255 : 65535;
  const out = bits === 8 ? new Uint8Array(samples.length) : new Uint16Array(samples.length);
  // One of these is 1: products and the rounded quotient stay exact for a residual of 0.
  const multiplier = !wide && bits === 16 ? 257 : 1;
  const divisor = wide && bits === 8 ? 257 : 1;
  const scale = wide || bits === 16 ? 65535 : 255;
  const colours = channels < 3 ? 1 : 3;
  for (let pixel = 0, at = 0; pixel < plane; pixel++, at += channels) {
    for (let channel = 0; channel < colours; channel++) {
      const change =
        colours === 1
          ? meanOfThree(residual, pixel, plane)
          : (residual[channel * plane + pixel] as number);
      const value = (multiplier * (samples[at + channel] as number) + scale * change) / divisor;
      // A typed array would turn NaN into a black pixel in silence.
      if (!Number.isFinite(value)) throw new Error(`the residual is ${change} at pixel ${pixel}`);
      out[at + channel] = Math.min(top, Math.max(0, Math.round(value)));
    }
    for (let channel = colours; channel < channels; channel++)
      out[at + channel] = Math.round((multiplier * (samples[at + channel] as number)) / divisor);
  }
  return out;
}

function meanOfThree(residual: Float32Array, pixel: number, plane: number): number {
  const red = residual[pixel] as number;
  const green = residual[pixel + plane] as number;
  const blue = residual[pixel + 2 * plane] as number;
  return (red + green + blue) / 3;
}
