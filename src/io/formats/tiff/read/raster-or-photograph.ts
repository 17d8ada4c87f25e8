/** Tells whether a TIFF is a raster for the GeoTIFF source, or a photograph for sharp. */

import type { Bytes } from "../../../system/bytes.ts";
import { type TagValues, type Tiff, type TiffDirectory, valuesOf } from "../directory.ts";
import { tags } from "../tags.ts";
import { compressions } from "./compressions.ts";
import { hasMask } from "./pages.ts";
import { readSoundDirectories } from "./read-directories.ts";

/** What only files with a place on earth, or of GDAL, have. */
const geoTags = [
  tags.modelPixelScale,
  tags.modelTiepoint,
  tags.modelTransformation,
  tags.geoKeys,
  tags.gdalMetadata,
  tags.gdalNodata,
];

/** What sharp's libtiff is built without. */
const unknownToSharp: readonly number[] = [compressions.lerc, compressions.zstd, compressions.webp];

/**
 * The directories of a TIFF that is a raster: with tags of GeoTIFF or GDAL, a mask, or samples that are no
 * photograph's, which are other than 8 or 16 unsigned bits, more bands than colours and alpha, premultiplied alpha,
 * or blocks that were never written, as GDAL leaves them out of sparse files. undefined: another kind of file, or
 * one that cannot be parsed, which is left to sharp.
 * @throws IoError
 */
export async function rasterIn(bytes: Bytes): Promise<Tiff | undefined> {
  const mark = String.fromCharCode(...(await bytes.read(0, 4)));
  if (!/^(?:II[*+]\0|MM\0[*+])$/.test(mark)) return undefined;
  const tiff = await readSoundDirectories(bytes).catch(() => undefined);
  return tiff !== undefined && isRaster(tiff) ? tiff : undefined;
}

function isRaster(tiff: Tiff): boolean {
  const first = valuesOf(tiff.directories[0] as TiffDirectory, tiff.littleEndian);
  const compression = first.number(tags.compression, 1);
  if (geoTags.some((tag) => first.has(tag)) || hasMask(tiff)) return true;
  return unknownToSharp.includes(compression) || isSparse(first) || !hasPhotograph(first);
}

/** Of a block that was never written both numbers are 0; sharp's libtiff calls that damage. */
function isSparse(directory: TagValues): boolean {
  const tiled = directory.has(tags.tileOffsets);
  const offsets = directory.numbers(tiled ? tags.tileOffsets : tags.stripOffsets);
  const counts = directory.numbers(tiled ? tags.tileByteCounts : tags.stripByteCounts);
  return Array.from(counts).some((count, i) => count === 0 && offsets[i] === 0);
}

function hasPhotograph(directory: TagValues): boolean {
  const photometric = directory.number(tags.photometric, 1);
  const grey = photometric === 0 || photometric === 1;
  const colour = photometric === 2 || photometric === 6;
  // Palettes and inks are sharp's to convert.
  if (!grey && !colour) return true;
  const bits = Array.from(directory.numbers(tags.bitsPerSample));
  const formats = Array.from(directory.numbers(tags.sampleFormat));
  if (bits.some((it) => it > 8 && it !== 16) || formats.some((it) => it !== 1 && it !== 4)) {
    return false;
  }
  const others = directory.number(tags.samplesPerPixel, 1) - (grey ? 1 : 3);
  const kind = directory.number(tags.extraSamples, grey ? 0 : 2);
  // RGB with one more band of no said kind has always been taken for RGB with alpha.
  return others <= 0 || (others === 1 && (grey ? kind === 2 : kind !== 1));
}
