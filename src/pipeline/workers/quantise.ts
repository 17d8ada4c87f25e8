/**
 * A block of the output: the source's samples plus what the net changed, in source units, rounded and
 * clamped to the output's type. Where the net changed nothing and the type stays, samples stay equal.
 */
import type { Radiometry } from "../../operators/radiometry.ts";
import {
  createSamples,
  limitsOf,
  type Samples,
  type SampleType,
  sampleTypeOf,
} from "../../operators/samples.ts";
import type { Raster } from "../../operators/tile.ts";

/**
 * round(source + span · residual), clamped to `type`: interleaved like the source. `residual` is
 * [3, height, width] planar in 0..1; grey takes the mean of its three planes. Other channels are copied;
 * between 8 and 16 bit, samples go through 16 bit (× 257, or the nearest ÷ 257).
 * @throws Error where a residual is not finite, sizes do not fit, or a type cannot become the other.
 */
export function quantise(
  source: Raster,
  residual: Float32Array,
  { colours, range: [low, high] }: Radiometry,
  type: SampleType,
): Samples {
  const { width, height, channels, samples } = source;
  const plane = width * height;
  if (samples.length !== plane * channels || residual.length !== 3 * plane)
    throw new Error(
      `a block of ${width}×${height}×${channels} has ${samples.length} samples and ${residual.length} residuals`,
    );
  const out = createSamples(type, samples.length);
  const [least, greatest] = limitsOf(type);
  const whole = Number.isFinite(greatest);
  const { multiplier, divisor } = depthChange(sampleTypeOf(samples), type);
  const scale = (high - low) * multiplier;
  const fitted = (value: number): number =>
    whole ? Math.min(greatest, Math.max(least, Math.round(value))) : value;
  for (let at = 0; at < samples.length; at++)
    out[at] = fitted((multiplier * (samples[at] as number)) / divisor);
  for (const [index, channel] of colours.entries()) {
    for (let pixel = 0; pixel < plane; pixel++) {
      const change =
        colours.length === 1
          ? meanOfThree(residual, pixel, plane)
          : (residual[index * plane + pixel] as number);
      const at = pixel * channels + channel;
      const value = (multiplier * (samples[at] as number) + scale * change) / divisor;
      // A typed array would turn NaN into a black pixel in silence.
      if (!Number.isFinite(value)) throw new Error(`the residual is ${change} at pixel ${pixel}`);
      out[at] = fitted(value);
    }
  }
  return out;
}

/** One of these is 1: products and the rounded quotient stay exact for a residual of 0. */
function depthChange(from: SampleType, to: SampleType): { multiplier: number; divisor: number } {
  if (from === to) return { multiplier: 1, divisor: 1 };
  if (from === "uint8" && to === "uint16") return { multiplier: 257, divisor: 1 };
  if (from === "uint16" && to === "uint8") return { multiplier: 1, divisor: 257 };
  throw new Error(`samples of ${from} cannot become ${to}`);
}

function meanOfThree(residual: Float32Array, pixel: number, plane: number): number {
  const red = residual[pixel] as number;
  const green = residual[pixel + plane] as number;
  const blue = residual[pixel + 2 * plane] as number;
  return (red + green + blue) / 3;
}
