/**
 * Opens the source of an image and lists what the user should know of it. A TIFF that is more than a photograph is
 * opened as a raster, everything else by sharp.
 */
import { isDeblurError } from "../../errors.ts";
import type { ImageFormat } from "../formats/image-formats.ts";
import { isGeoTiff } from "../formats/tiff/read/belongs.ts";
import { isAddress } from "../system/http-bytes.ts";
import { type BandChoice, chooseColours } from "./choose-colours.ts";
import { checkGeoTiff, type GeoTiffOptions, openGeoTiff } from "./geotiff.ts";
import { type ImageHeader, readImageHeader } from "./image-header.ts";
import type { OpenedSource } from "./opened-source.ts";
import { isReadInPlace, openPhotograph, type PhotographOptions } from "./photograph.ts";

type InputOptions = PhotographOptions & GeoTiffOptions;

interface OpenedInput {
  readonly source: OpenedSource;
  /** One line each: damage that is read over, or what a raster's numbers are taken for. */
  readonly notes: readonly string[];
}

/** What the header of an input tells. */
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
}

/** Reads the input's header, so that a wrong path is reported before an engine is opened. @throws as `openInput` */
export async function checkInput(
  path: string,
  options: Pick<InputOptions, "maxPixels" | "bands">,
): Promise<InputHeader> {
  if (await isForGeoTiff(path)) return { format: "tiff", ...(await checkGeoTiff(path, options)) };
  const photograph = await readImageHeader(path, options);
  const spooled = !(await isReadInPlace(path, photograph));
  return { ...photograph, photograph, isSpooled: () => spooled };
}

/**
 * Opens the image at `path`, a file or the address of a GeoTIFF, as it is if it is whole; with `tolerant` a
 * photograph that is damaged is opened too. The caller closes the source.
 * @throws as `openPhotograph` and `openGeoTiff`
 */
export async function openInput(path: string, options: InputOptions): Promise<OpenedInput> {
  if (await isForGeoTiff(path)) {
    const source = await openGeoTiff(path, options);
    return { source, notes: [sightOf(source)] };
  }
  const { source, notes } = await openTolerantly(path, options);
  try {
    return { source: { ...source, radiometry: radiometryFor(source, options) }, notes };
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function isForGeoTiff(path: string): Promise<boolean> {
  return isAddress(path) || (await isGeoTiff(path));
}

/** Which bands are seen, between which values. */
function sightOf({ path, radiometry }: OpenedSource): string {
  const { colours, range } = radiometry;
  const bands = colours.map((band) => band + 1).join(", ");
  const [low, high] = range.map((value) => Number(value.toPrecision(6)));
  return `${path}: the net sees band${colours.length === 1 ? "" : "s"} ${bands}, ${low} as black and ${high} as white`;
}

function radiometryFor(source: OpenedSource, { bands, range }: BandChoice) {
  const { path, channels, radiometry } = source;
  const colours = chooseColours(path, { channels, ...radiometry }, bands);
  return { ...radiometry, colours, ...(range && { range }) };
}

async function openTolerantly(path: string, options: PhotographOptions): Promise<OpenedInput> {
  try {
    const source = await openPhotograph(path, { ...options, tolerant: false });
    if (source.spooled || !options.tolerant) return { source, notes: source.notes };
    // Read where it lies, piece by piece: damage would show only in the middle of the run.
    await source.close();
    const damage = `${path}: read where it lies; with --tolerant, damage in it is not noticed`;
    const again = await openPhotograph(path, options);
    return { source: again, notes: [damage, ...again.notes] };
  } catch (error) {
    if (!options.tolerant || !isDeblurError(error, "InputError")) throw error;
    const source = await openPhotograph(path, options);
    const damage = `${error.message}; what could be decoded is used`;
    return { source, notes: [damage, ...source.notes] };
  }
}
