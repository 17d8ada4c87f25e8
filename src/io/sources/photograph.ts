/**
 * Reads rectangles of a photograph (PNG, JPEG, TIFF) as stored: no colour conversion, no rotation, 16 bit stays 16
 * bit. Compressed images cannot be read from the middle, so they are decoded once into an uncompressed tiled TIFF; a
 * tiled TIFF is read in place.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { IoError } from "../../errors.ts";
import { plainRadiometry } from "../../image/radiometry.ts";
import { libvipsMessage } from "../formats/libvips.ts";
import { exifOfTags } from "../formats/tiff/exif-tags.ts";
import { readTiffTags, tiffTileSize } from "../formats/tiff/read-tags.ts";
import { decodeInto, readRect } from "./decoding.ts";
import { damaged, type ImageHeader, readImageHeader } from "./image-header.ts";
import { assertInside, type OpenedSource } from "./opened-source.ts";

export interface PhotographSource extends OpenedSource {
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
  /** What becomes of it by being read, in lines for the user. */
  readonly notes: readonly string[];
  /** True where the image was decoded into the run's folder first. */
  readonly spooled: boolean;
}

export interface PhotographOptions {
  /** Where the spool goes: the run's folder. */
  readonly folder: string;
  readonly maxPixels: number;
  /** Decode what is there of a damaged image. */
  readonly tolerant: boolean;
  readonly signal?: AbortSignal;
}

/** Tiles of a foreign TIFF up to this side are read in place; larger ones decode too much for a rectangle. */
const largestTile = 1024;

/**
 * Opens the image at `path`; the caller closes the source, also when the run fails.
 * @throws NoInputError, InputError as `readImageHeader`; InputError where the pixels are damaged and not
 *   `tolerant`; IoError where the spool cannot be written.
 */
export async function openPhotograph(
  path: string,
  { folder, maxPixels, tolerant, signal }: PhotographOptions,
): Promise<PhotographSource> {
  signal?.throwIfAborted();
  const header = await readImageHeader(path, { maxPixels });
  if (header.damage && !tolerant) throw header.damage;
  const failOn = tolerant ? "none" : "warning";
  const inPlace = await isReadInPlace(path, header);
  const spool = inPlace ? path : join(folder, "source.tif");
  if (!inPlace) {
    await decodeInto(spool, path, header, failOn);
    if (signal?.aborted) await rm(spool, { force: true });
    signal?.throwIfAborted();
  }
  const { width, height, channels, bits, storedBits, format, metadata, notes } = header;
  const tags = format === "tiff" ? await readTiffTags(path) : undefined;
  // libvips finds Exif in JPEG and PNG only.
  const exif = metadata.exif ?? (tags && exifOfTags(tags));
  return {
    path,
    format,
    width,
    height,
    channels,
    bits,
    sampleType: `uint${bits}`,
    storedBits,
    notes,
    radiometry: plainRadiometry(channels, `uint${bits}`),
    metadata: { ...metadata, ...(exif && { exif }) },
    ...(tags && { tags }),
    spooled: !inPlace,
    async read(rect, options) {
      options.signal.throwIfAborted();
      assertInside(rect, header);
      const raster = await readRect(spool, rect, header, failOn).catch((cause: unknown) => {
        if (!inPlace) throw new IoError(spool, libvipsMessage(cause), { cause });
        throw damaged(path, format, cause);
      });
      options.signal.throwIfAborted();
      return raster;
    },
    async close() {
      if (!inPlace) await rm(spool, { force: true });
    },
  };
}

/** True where rectangles are read from the file itself. */
export async function isReadInPlace(
  path: string,
  { format, cmyk }: Pick<ImageHeader, "format" | "cmyk">,
): Promise<boolean> {
  if (format !== "tiff" || cmyk) return false;
  const tile = await tiffTileSize(path);
  return tile !== undefined && tile.width <= largestTile && tile.height <= largestTile;
}
