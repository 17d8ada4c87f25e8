/** Defines an image in memory and the interfaces it is read and written through: raster, block, source, sink. */
import type { Rect } from "../rect.ts";
import type { Radiometry } from "./radiometry.ts";
import { createSamples, type Samples, type SampleType, sampleTypeOf } from "./samples.ts";

/** Samples of a rectangle in source units, channels interleaved: [height, width, channels]. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly samples: Samples;
  /** [height, width], 0 where a pixel holds no measurement and is copied unseen; undefined: all pixels are good. */
  readonly valid?: Uint8Array<ArrayBuffer>;
}

/**
 * A finished rectangle of the output: no later tile will touch it. The output is source + (white − black) · residual
 * of each channel the net sees, rounded and clamped; of grey the mean of the three planes. All else is copied.
 */
export interface Block {
  readonly rect: Rect;
  /** The rectangle's samples as they came. */
  readonly source: Raster;
  /** Blended residual, [3, rect.height, rect.width] planar, 0..1. */
  readonly residual: Float32Array<ArrayBuffer>;
}

/** Where pixels come from. */
export interface ImageSource {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly sampleType: SampleType;
  /**
   * Meaning of the samples. By default 1 and 2 channels are grey, 3 and 4 RGB, the last of 2 and 4 is alpha; integers
   * from 0 to the type's greatest value, floats from 0 to 1.
   */
  readonly radiometry?: Radiometry;
  /** The samples of a rectangle inside the image, several at a time; a new buffer each, since it is moved to a thread. */
  read(rect: Rect, options: { signal: AbortSignal }): Promise<Raster>;
}

/** Where blocks go, in any order, each pixel once. */
export interface ImageSink {
  write(block: Block, options: { signal: AbortSignal }): Promise<void>;
}

/**
 * The source's samples as the net sees them; that of `convertIn` runs off the main thread. Samples and pixels come back on
 * buffers of their own: the engine takes the pixels away. `flat` as in DecodedTile; false by default.
 */
export type Convert = (
  source: Raster,
  padded: { readonly width: number; readonly height: number },
  options: { readonly radiometry: Radiometry; readonly signal: AbortSignal },
) => Promise<{ source: Raster; pixels: Float32Array<ArrayBuffer>; flat?: boolean }>;

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
