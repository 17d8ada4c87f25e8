/**
 * Reads the metadata of an image: profile, Exif, XMP, IPTC, density, orientation and PNG texts. Most of it comes from
 * sharp; our own readers add what sharp does not report.
 */

import type { Metadata } from "sharp";
import { colourChunk } from "../formats/avif/colours.ts";
import { densityOf, orientationOf, sayingUpright } from "../formats/exif/fields.ts";
import { type GifWords, readGifWords } from "../formats/gif/metadata.ts";
import type { ImageFormat } from "../formats/image-formats.ts";
import { type JpegSegments, readJpegSegments } from "../formats/jpeg/segments.ts";
import type { ImageMetadata } from "../formats/metadata.ts";
import { type PngChunks, readPngChunks } from "../formats/png/read-chunks.ts";

/** What a file says beside its pixels where its format has words of its own. */
export interface OwnWords {
  readonly png?: PngChunks;
  readonly jpeg?: JpegSegments;
  readonly gif?: GifWords;
  /** What colours mean, as a PNG says it. */
  readonly avif?: Buffer | undefined;
}

/** Reads the metadata that sharp does not report of the image at `path`. */
export async function readOwnWords(path: string, format: ImageFormat): Promise<OwnWords> {
  if (format === "png") return { png: await readPngChunks(path) };
  if (format === "jpeg") return { jpeg: await readJpegSegments(path) };
  if (format === "gif") return { gif: await readGifWords(path) };
  if (format === "avif" || format === "heif") return { avif: await colourChunk(path) };
  return {};
}

/** Collects the metadata of an image from sharp's answer. */
export function metadataOf(
  found: Metadata,
  format: ImageFormat,
  { png, jpeg, gif, avif }: OwnWords,
): ImageMetadata {
  // libheif turns the pixels, and Exif there only remembers how they were.
  const turned = format === "avif" || format === "heif";
  const block = found.exif ?? png?.exif;
  const exif = block && turned ? sayingUpright(block) : block;
  const orientation = found.orientation ?? (exif && !turned ? orientationOf(exif) : undefined);
  const density = found.format === "tiff" ? found.density : statedDensity(exif, png, jpeg);
  const xmp = found.xmp ?? png?.xmp ?? gif?.xmp;
  const iptc = found.iptc ?? png?.iptc;
  // The profile of inks does not describe the sRGB they become.
  const icc = found.space === "cmyk" ? undefined : (found.icc ?? gif?.icc);
  return {
    ...(icc && { icc }),
    ...(density !== undefined && { density }),
    ...(orientation !== undefined && { orientation }),
    ...(xmp && { xmp }),
    ...(iptc && { iptc }),
    ...(exif && { exif }),
    ...(png && { png: { meaning: png.meaning, texts: png.texts } }),
    ...(avif && !icc && { png: { meaning: [avif], texts: [] } }),
    ...(jpeg && { jpegSegments: jpeg.kept }),
  };
}

/** Only with a unit: sharp takes the ratio of an unknown one for pixels a millimetre. */
function statedDensity(
  exif: Buffer | undefined,
  png: PngChunks | undefined,
  jpeg: JpegSegments | undefined,
): number | undefined {
  const pixelSize = png?.meaning.find((chunk) => chunk.toString("latin1", 4, 8) === "pHYs");
  const ofPng = pixelSize?.[16] === 1 ? pixelSize.readUInt32BE(8) * 0.0254 : undefined;
  return ofPng ?? (exif && densityOf(exif)) ?? jpeg?.density;
}
