/** Pictures of any sample type for the tests of writers: noise in memory, and readers that are not ours. */
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { fromArrayBuffer, type GeoTIFFImage } from "geotiff";
import type { ImageSource } from "../../../../src/image/raster.ts";
import { createSamples, type Samples, type SampleType } from "../../../../src/image/samples.ts";

export interface Shape {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly sampleType: SampleType;
}

export const sampleTypes = [
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "float32",
  "float64",
] as const satisfies readonly SampleType[];

/** Pictures of a few tiles at most. */
export const anyShape: fc.Arbitrary<Shape> = fc.record({
  width: fc.integer({ min: 1, max: 700 }),
  height: fc.integer({ min: 1, max: 600 }),
  channels: fc.integer({ min: 1, max: 5 }),
  sampleType: fc.constantFrom(...sampleTypes),
});

/** Samples over the whole range, without a pattern that a mix-up could survive; floats of any exponent. */
export function noiseOf({ width, height, channels, sampleType }: Shape, seed = 1): Samples {
  const samples = createSamples(sampleType, width * height * channels);
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  for (let i = 0; i < samples.length; i++) {
    const bits = next() ^ (next() >>> 16);
    samples[i] = sampleType.startsWith("float") ? (bits / 7) * 10 ** ((next() >>> 16) % 20) : bits;
  }
  return samples;
}

export function imageOf(samples: Samples, shape: Shape, valid?: Uint8Array): ImageSource {
  const { width, channels, sampleType } = shape;
  return {
    ...shape,
    async read(rect) {
      const part = createSamples(sampleType, rect.width * rect.height * channels);
      const mask = new Uint8Array(rect.width * rect.height);
      for (let row = 0; row < rect.height; row++) {
        const start = (rect.y + row) * width + rect.x;
        const end = start + rect.width;
        part.set(samples.subarray(start * channels, end * channels), row * rect.width * channels);
        mask.set(valid?.subarray(start, end) ?? [], row * rect.width);
      }
      const { width: w, height: h } = rect;
      return { width: w, height: h, channels, samples: part, ...(valid && { valid: mask }) };
    },
  };
}

/** Picture `index` of a TIFF, as geotiff.js reads it. */
export async function imageIn(path: string, index = 0): Promise<GeoTIFFImage> {
  const bytes = await readFile(path);
  const tiff = await fromArrayBuffer(new Uint8Array(bytes).buffer);
  return tiff.getImage(index);
}

/** Its samples, interleaved, of the type it says. */
export async function samplesIn(path: string, index = 0): Promise<Samples> {
  const image = await imageIn(path, index);
  return (await image.readRasters({ interleave: true })) as unknown as Samples;
}
