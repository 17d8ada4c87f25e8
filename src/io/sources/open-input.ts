/**
 * Opens the source of an image and lists what the user should know of it. A TIFF that is more than a photograph is
 * opened as a raster, everything else by sharp.
 */
import { isDeblurError } from "../../errors.ts";
import { plainRadiometry } from "../../image/radiometry.ts";
import type { ImageFormat } from "../formats/image-formats.ts";
import { type BandChoice, chooseColours } from "./choose-colours.ts";
import { type GeoTiffOptions, openGeoTiff, readGeoTiffHeader } from "./geotiff.ts";
import type { ImageHeader } from "./image-header.ts";
import type { OpenedSource } from "./opened-source.ts";
import {
  openPhotograph,
  type PhotographHeader,
  type PhotographOptions,
  readPhotographHeader,
} from "./photograph.ts";

/** What decides whether an input is accepted, and which of its bands the net sees. */
export type HeaderOptions = Pick<BandChoice, "bands"> & {
  readonly maxPixels: number;
  /** Leaves a server that does not answer. */
  readonly signal?: AbortSignal | undefined;
};

type ReadingOptions = PhotographOptions & GeoTiffOptions;

interface OpenedInput {
  readonly source: OpenedSource;
  /** One line each: damage that is read over, or how the numbers of a raster are interpreted. */
  readonly notes: readonly string[];
}

/** The header of an input, read once. */
export interface InputHeader {
  readonly format: ImageFormat;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Of a sample. */
  readonly bits: number;
  /** True where it is decoded into the run's folder first; of a GeoTIFF for tiles of a side and bytes that may be kept. */
  isSpooled(reading: { readonly tile: number; readonly kept: number }): boolean;
  /** Of a photograph: what an output has to hold. */
  readonly photograph?: Pick<ImageHeader, "width" | "height" | "channels" | "bits" | "whole">;
  /**
   * Opens the source; with `tolerant` a photograph that is damaged is opened too. The caller closes it.
   * @throws as `openPhotograph` and `openGeoTiff`
   */
  open(reading: ReadingOptions): Promise<OpenedInput>;
}

/**
 * Reads the header of the image at `path`, a file or the address of a GeoTIFF, so that a wrong path or option fails
 * before an engine is opened.
 * @throws as `readPhotographHeader` and `readGeoTiffHeader`
 */
export async function readInputHeader(path: string, options: HeaderOptions): Promise<InputHeader> {
  const raster = await readGeoTiffHeader(path, options);
  if (raster !== undefined) {
    const { width, height, channels, bits, isSpooled } = raster;
    return {
      ...{ format: "tiff", width, height, channels, bits, isSpooled },
      async open(reading) {
        const source = await openGeoTiff(path, raster, reading);
        return { source, notes: [sightOf(source)] };
      },
    };
  }
  const photograph = await readPhotographHeader(path, options);
  const { format, width, height, channels, bits, inPlace } = photograph;
  const { alpha } = plainRadiometry(channels, `uint${bits}`);
  const colours = chooseColours(path, { channels, ...(alpha && { alpha }) }, options.bands);
  return {
    ...{ format, width, height, channels, bits, photograph, isSpooled: () => !inPlace },
    async open(reading) {
      const { source, notes } = await openTolerantly(path, photograph, reading);
      const { range = source.radiometry.range } = reading;
      return { source: { ...source, radiometry: { ...source.radiometry, colours, range } }, notes };
    },
  };
}

/** Reads the header of the image at `path` and opens it; the caller closes the source. @throws as `readInputHeader` */
export async function openInput(
  path: string,
  options: HeaderOptions & ReadingOptions,
): Promise<OpenedInput> {
  return (await readInputHeader(path, options)).open(options);
}

/** Which bands are seen, between which values. */
function sightOf({ path, radiometry }: OpenedSource): string {
  const { colours, range } = radiometry;
  const bands = colours.map((band) => band + 1).join(", ");
  const [low, high] = range.map((value) => Number(value.toPrecision(6)));
  return `${path}: the net sees band${colours.length === 1 ? "" : "s"} ${bands}; black is ${low}, white is ${high}`;
}

async function openTolerantly(
  path: string,
  header: PhotographHeader,
  options: PhotographOptions,
): Promise<OpenedInput> {
  try {
    const source = await openPhotograph(path, header, { ...options, tolerant: false });
    if (source.spooled || !options.tolerant) return { source, notes: source.notes };
    // Read in place, piece by piece: damage would show only in the middle of the run.
    await source.close();
    const damage = `${path}: read where it lies; with \`tolerant\`, damage in it is not noticed`;
    const again = await openPhotograph(path, header, options);
    return { source: again, notes: [damage, ...again.notes] };
  } catch (error) {
    if (!options.tolerant || !isDeblurError(error, "InputError")) throw error;
    const source = await openPhotograph(path, header, options);
    const damage = `${error.message}; what could be decoded is used`;
    return { source, notes: [damage, ...source.notes] };
  }
}
