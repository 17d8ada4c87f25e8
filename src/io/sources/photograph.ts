/**
 * Reads rectangles of a photograph (PNG, JPEG, WebP, AVIF, TIFF, GIF, HEIF) as stored: no colour conversion, no
 * rotation, 16 bit stays 16 bit. A compressed image cannot be read from the middle, so it is decoded once into an
 * uncompressed tiled TIFF. A tiled TIFF is read in place.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { IoError } from "../../errors.ts";
import { plainRadiometry } from "../../image/radiometry.ts";
import { libvipsMessage } from "../formats/libvips.ts";
import type { TiffTags } from "../formats/tiff/carried-tags.ts";
import { exifOfTags } from "../formats/tiff/exif-tags.ts";
import { readTiffTags, tileSizeOf } from "../formats/tiff/read/read-tags.ts";
import { versionOfFile } from "../system/file-bytes.ts";
import { decodeInto, readRect } from "./decode-by-sharp.ts";
import { damaged, type ImageHeader, readImageHeader } from "./image-header.ts";
import { assertInside, changed, type OpenedSource } from "./opened-source.ts";

export interface PhotographSource extends OpenedSource {
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
  /** What becomes of it by being read, in lines for the user. */
  readonly notes: readonly string[];
  /** True where the image was decoded into the run's folder first. */
  readonly spooled: boolean;
}

/** The header of a photograph, read once. */
export interface PhotographHeader extends ImageHeader {
  /** Of a TIFF: what its first directory says. */
  readonly tags?: TiffTags;
  /** Rectangles are read from the file itself. */
  readonly inPlace: boolean;
  /** Of the file it was read from; undefined: it is gone already. */
  readonly version: string | undefined;
}

export interface PhotographOptions {
  /** Where the spool goes: the run's folder. */
  readonly folder: string;
  /** Decode the intact part of a damaged image. */
  readonly tolerant: boolean;
  readonly signal?: AbortSignal;
}

/** Tiles of a foreign TIFF up to this side are read in place; larger ones decode too much for a rectangle. */
const largestTile = 1024;

/** Reads the header of the photograph at `path`. @throws as `readImageHeader` */
export async function readPhotographHeader(
  path: string,
  limits: { readonly maxPixels: number },
): Promise<PhotographHeader> {
  const version = await versionOfFile(path);
  const header = await readImageHeader(path, limits);
  const tags = header.format === "tiff" ? await readTiffTags(path) : undefined;
  const tile = tags && tileSizeOf(tags);
  const small = tile !== undefined && tile.width <= largestTile && tile.height <= largestTile;
  return { ...header, version, inPlace: small && !header.cmyk, ...(tags && { tags }) };
}

/**
 * Opens the photograph at `path` by its header; the caller closes the source, also when the run fails.
 * @throws IoError where it changed since its header was read, or the spool cannot be written; InputError where the
 *   pixels are damaged and not `tolerant`
 */
export async function openPhotograph(
  path: string,
  header: PhotographHeader,
  { folder, tolerant, signal }: PhotographOptions,
): Promise<PhotographSource> {
  signal?.throwIfAborted();
  if ((await versionOfFile(path)) !== header.version) throw changed(path);
  if (header.damage && !tolerant) throw header.damage;
  const failOn = tolerant ? "none" : "warning";
  const { inPlace } = header;
  const spool = inPlace ? path : join(folder, "source.tif");
  if (!inPlace) {
    await decodeInto(spool, path, header, failOn);
    if (signal?.aborted) await rm(spool, { force: true });
    signal?.throwIfAborted();
  }
  const { width, height, channels, bits, storedBits, format, metadata, notes, tags } = header;
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
