/**
 * Quantises a block of the output: the source's samples plus what the net changed, in source units, rounded and
 * clamped to the output's type. Where the net changed nothing and the type stays, samples keep their bits.
 */

import { invalidPixels } from "./invalid-pixels.ts";
import type { Radiometry } from "./radiometry.ts";
import type { Raster } from "./raster.ts";
import {
  createSamples,
  isFloat,
  limitsOf,
  nextSample,
  type Samples,
  type SampleType,
  sampleTypeOf,
  whiteOf,
} from "./samples.ts";

/**
 * round(source + span · residual), clamped to `type`: interleaved like the source. `residual` is
 * [3, height, width] planar in 0..1; grey takes the mean of its three planes, premultiplied colours weight it
 * by alpha. Other channels and pixels without a measurement are copied; a measurement does not become nodata.
 * Between 8 and 16 bit, samples go through 16 bit (× 257, or the nearest ÷ 257).
 * @throws Error where a residual is not finite, sizes do not fit, or a type cannot become the other.
 */
export function quantise(
  source: Raster,
  residual: Float32Array,
  radiometry: Radiometry,
  type: SampleType,
): Samples {
  const { width, height, channels, samples } = source;
  const plane = width * height;
  if (samples.length !== plane * channels || residual.length !== 3 * plane)
    throw new Error(
      `a block of ${width}×${height}×${channels} has ${samples.length} samples and ${residual.length} residuals`,
    );
  const {
    colours,
    range: [low, high],
    alpha,
    nodata,
  } = radiometry;
  const from = sampleTypeOf(samples);
  const { multiplier, divisor } = depthChange(from, type);
  const fitted = fitterOf(type);
  const out = createSamples(type, samples.length);
  if (from === type) out.set(samples);
  else
    for (let at = 0; at < samples.length; at++)
      out[at] = fitted((multiplier * (samples[at] as number)) / divisor);
  const invalid = invalidPixels(source, radiometry);
  const weight = alpha?.premultiplied === true ? { ...alpha, opaque: whiteOf(from) } : undefined;
  const forbidden = nodata === undefined ? undefined : fitted((multiplier * nodata) / divisor);
  const scale = (high - low) * multiplier;
  for (const [index, channel] of colours.entries()) {
    for (let pixel = 0; pixel < plane; pixel++) {
      if (invalid?.[pixel] === 1) continue;
      const first = pixel * channels;
      const at = first + channel;
      let change =
        colours.length === 1
          ? meanOfThree(residual, pixel, plane)
          : (residual[index * plane + pixel] as number);
      // A typed array would turn NaN into a black pixel in silence.
      if (!Number.isFinite(change)) throw new Error(`the residual is ${change} at pixel ${pixel}`);
      if (weight) change *= (samples[first + weight.channel] as number) / weight.opaque;
      // Not only quicker: −0 + 0 would be another number.
      if (change !== 0) {
        out[at] = fitted((multiplier * (samples[at] as number) + scale * change) / divisor);
      }
      if (forbidden !== undefined && out[at] === forbidden) {
        out[at] = besides(forbidden, (multiplier * (samples[at] as number)) / divisor, type);
      }
    }
  }
  return out;
}

/** Rounds and clamps to a type; a float is only clamped, what it cannot hold is rounded where it is stored. */
function fitterOf(type: SampleType): (value: number) => number {
  const [least, greatest] = limitsOf(type);
  if (isFloat(type)) return (value) => Math.min(greatest, Math.max(least, value));
  return (value) => Math.min(greatest, Math.max(least, Math.round(value)));
}

/** The sample next to `nodata`, on the side of the source's own value where the type has one there. */
function besides(nodata: number, source: number, type: SampleType): number {
  const [least, greatest] = limitsOf(type);
  const up = nodata === least || (source > nodata && nodata !== greatest);
  return nextSample(type, nodata, up ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY);
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
