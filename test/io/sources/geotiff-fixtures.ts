/** The small rasters of test/fixtures/geotiff, and by formula what is in them. */
import { fileURLToPath } from "node:url";
import { createSamples, type Samples, type SampleType } from "../../../src/image/samples.ts";
import { openInput } from "../../../src/io/sources/open-input.ts";
import type { OpenedSource } from "../../../src/io/sources/opened-source.ts";
import type { Rect } from "../../../src/rect.ts";
import { temporaryFolder } from "./images.ts";

export const width = 40;
export const height = 30;

export const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/geotiff/${name}.tif`, import.meta.url));

/** The number that each fixture's samples are made of. */
const value = (x: number, y: number, band: number): number =>
  (x * 7 + y * 13 + band * 50 + ((x * y) % 11)) % 251;

export interface Fixture {
  readonly name: string;
  readonly type: SampleType;
  readonly bands: number;
  /** A sample from its place. */
  at(x: number, y: number, band: number): number;
}

/** Those whose compression loses nothing. */
export const fixtures: readonly Fixture[] = [
  make("u16-lzw-predictor-big-endian", "uint16", 3, (v) => v * 257),
  make("u16-5-planar-zstd-tiles", "uint16", 5, (v) => v * 3),
  make("f32-nan-deflate-predictor", "float32", 1, (v, x, y) =>
    x >= 10 && x < 20 && y >= 5 && y < 9 ? Number.NaN : v / 3 - 20,
  ),
  make("f64-big-tiff-big-endian", "float64", 2, (v) => v / 7),
  make("i16-nodata-packbits", "int16", 1, (v, x) => (x < 3 ? -999 : v - 100)),
  make("u32-lerc-deflate-tiles", "uint32", 1, (v) => v * 10_000_000),
  make("i32-deflate-predictor", "int32", 2, (v) => v * 1_000_000 - 99),
  make("u8-premultiplied", "uint8", 4, (v) => v),
  make("u8-webp-tiles", "uint8", 4, (v) => v + 1),
  make("u8-white-is-zero", "uint8", 1, (v) => v),
  make("i8-rgb", "int8", 3, (v) => v - 125),
  make("u8-rgb-sparse-tiles", "uint8", 3, (v, x, y) => (x >= 16 && x < 32 && y < 16 ? v : 0)),
  { name: "f32-sparse-nan", type: "float32", bands: 1, at: () => Number.NaN },
];

function make(
  name: string,
  type: SampleType,
  bands: number,
  of: (v: number, x: number, y: number) => number,
): Fixture {
  return { name, type, bands, at: (x, y, band) => of(value(x, y, band), x, y) };
}

/** Where the fixture with a mask has measurements. */
export const isUnmasked = (x: number, y: number): boolean => value(x, y, 0) > 125;

/** What a rectangle of a fixture holds, interleaved. */
export function expectedOf({ type, bands, at }: Fixture, rect: Rect): Samples {
  const samples = createSamples(type, rect.width * rect.height * bands);
  for (let i = 0; i < samples.length; i++) {
    const pixel = Math.floor(i / bands);
    const x = rect.x + (pixel % rect.width);
    samples[i] = at(x, rect.y + Math.floor(pixel / rect.width), i % bands);
  }
  return samples;
}

const plainOptions = {
  ...{ maxPixels: 1e9, tile: 512, tolerant: false, bands: undefined, range: undefined },
} as const;

/** Opens a raster with a folder of its own; the caller closes it. */
export async function openIn(
  path: string,
  options: Partial<Parameters<typeof openInput>[1]> = {},
): Promise<OpenedSource> {
  const folder = await temporaryFolder();
  const { source } = await openInput(path, { ...plainOptions, folder, ...options });
  return source;
}
