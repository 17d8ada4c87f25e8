/** Reads an image from memory, and writes one to memory. */
import { InputError } from "../errors.ts";
import { quantise } from "./quantise.ts";
import { plainRadiometry, type Radiometry } from "./radiometry.ts";
import { crop, type ImageSink, type ImageSource, type Raster } from "./raster.ts";
import { createSamples, type Samples, sampleTypeOf } from "./samples.ts";

/**
 * Reads from `raster`, which must not change meanwhile; it is not copied. Without a `radiometry` it means what
 * `ImageSource` says.
 *
 *     const source = bufferSource({ width, height, channels: 3, samples });
 *
 * @throws InputError where there are not width × height × channels samples
 */
export function bufferSource(raster: Raster, radiometry?: Radiometry): ImageSource {
  const { width, height, channels, samples } = raster;
  const whole = [width, height, channels].every((side) => Number.isInteger(side) && side > 0);
  if (!whole || samples.length !== width * height * channels) {
    throw new InputError(
      "picture in memory",
      `Expected ${width}×${height}×${channels} samples but found ${samples.length}`,
    );
  }
  return {
    width,
    height,
    channels,
    sampleType: sampleTypeOf(samples),
    ...(radiometry && { radiometry }),
    read: async (rect) => crop(raster, rect),
  };
}

/** A sink in memory. */
export interface BufferSink extends ImageSink {
  /** [height, width, channels] interleaved; a block's place is 0 until it is written. */
  readonly samples: Samples;
}

/**
 * Quantises blocks into memory, on the calling thread: an image as large and of the same type as `source`.
 *
 *     const sink = bufferSink(source);
 */
export function bufferSink({
  width,
  height,
  channels,
  sampleType,
  radiometry = plainRadiometry(channels, sampleType),
}: Omit<ImageSource, "read">): BufferSink {
  const samples = createSamples(sampleType, width * height * channels);
  return {
    samples,
    async write({ rect, source, residual }) {
      const block = quantise(source, residual, radiometry, sampleType);
      const line = rect.width * channels;
      for (let row = 0; row < rect.height; row++) {
        const to = ((rect.y + row) * width + rect.x) * channels;
        samples.set(block.subarray(row * line, (row + 1) * line), to);
      }
    },
  };
}
