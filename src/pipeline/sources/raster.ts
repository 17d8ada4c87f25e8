/**
 * A photograph goes in; rectangles of its samples come out, as stored: no colour conversion but of inks, no
 * rotation, 16 bit stays 16 bit. Compressed pictures cannot be read from the middle, so
 * they are decoded once into an uncompressed tiled TIFF; a tiled TIFF is read where it lies.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { IoError } from "../../errors.ts";
import type { ImageSource } from "../../operators/tile.ts";
import type { Rect } from "../../operators/tiling/rect.ts";
import { libvipsMessage } from "../libvips.ts";
import { decodeInto, readRect } from "./decoding.ts";
import {
  damaged,
  type PictureFormat,
  type PictureHeader,
  type PictureMetadata,
  readPictureHeader,
} from "./picture-header.ts";
import { tiffTileSize } from "./tiff-tiling.ts";

export interface RasterSource extends ImageSource {
  readonly path: string;
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
  readonly format: PictureFormat;
  /** Those of `bits` the file holds: 10 or 12 of the 16 in an AVIF. */
  readonly storedBits: number;
  readonly metadata: PictureMetadata;
  /** What becomes of it by being read, in lines for the user. */
  readonly notes: readonly string[];
  /** True where the picture was decoded into the run's folder first. */
  readonly spooled: boolean;
  /** Deletes the spool. Idempotent. */
  close(): Promise<void>;
}

export interface RasterSourceOptions {
  /** Where the spool goes: the run's folder. */
  readonly folder: string;
  readonly maxPixels: number;
  /** Decode what is there of a damaged picture. */
  readonly tolerant: boolean;
  readonly signal?: AbortSignal;
}

/** Tiles of a foreign TIFF up to this side are read in place; larger ones decode too much for a rectangle. */
const largestTile = 1024;

/**
 * Opens the picture at `path`; the caller closes the source, also when the run fails.
 * @throws NoInputError, InputError as `readPictureHeader`; InputError where the pixels are damaged and not
 *   `tolerant`; IoError where the spool cannot be written.
 */
export async function openRaster(
  path: string,
  { folder, maxPixels, tolerant, signal }: RasterSourceOptions,
): Promise<RasterSource> {
  signal?.throwIfAborted();
  const header = await readPictureHeader(path, { maxPixels });
  if (header.damage && !tolerant) throw header.damage;
  const failOn = tolerant ? "none" : "warning";
  const inPlace = await readableInPlace(path, header);
  const spool = inPlace ? path : join(folder, "source.tif");
  if (!inPlace) {
    await decodeInto(spool, path, header, failOn);
    if (signal?.aborted) await rm(spool, { force: true });
    signal?.throwIfAborted();
  }
  const { width, height, channels, bits, storedBits, format, metadata, notes } = header;
  return {
    path,
    format,
    width,
    height,
    channels,
    bits,
    sampleType: `uint${bits}`,
    storedBits,
    metadata,
    notes,
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

async function readableInPlace(path: string, { format, cmyk }: PictureHeader): Promise<boolean> {
  if (format !== "tiff" || cmyk) return false;
  const tile = await tiffTileSize(path);
  return tile !== undefined && tile.width <= largestTile && tile.height <= largestTile;
}

function assertInside({ x, y, width, height }: Rect, image: PictureHeader): void {
  if (
    x < 0 ||
    y < 0 ||
    width < 1 ||
    height < 1 ||
    x + width > image.width ||
    y + height > image.height
  )
    throw new Error(
      `Expected a rectangle inside ${image.width}×${image.height} but received ${width}×${height} at (${x}, ${y})`,
    );
}
