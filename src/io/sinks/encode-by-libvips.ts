/**
 * Encodes the finished strip TIFF in the final format, read once from top to bottom: the same pixel numbers with the
 * source's profile attached, never converted. Metadata is then put into the encoded file byte for byte, where libvips
 * would rewrite it or leave it out.
 */
import { open } from "node:fs/promises";
import type { Sharp } from "sharp";
import { avifParts } from "../formats/avif/put-metadata.ts";
import type { OutputFormat } from "../formats/image-formats.ts";
import { jpegParts } from "../formats/jpeg/put-metadata.ts";
import { libvipsMessage, libvipsWriteFailure, sharp } from "../formats/libvips.ts";
import type { ImageMetadata } from "../formats/metadata.ts";
import { pngParts } from "../formats/png/put-metadata.ts";
import { splice } from "../formats/splice.ts";
import { webpParts } from "../formats/webp/put-metadata.ts";

export interface Encoding {
  readonly format: Exclude<OutputFormat, "tiff">;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
  /** 1..100, of a format that has one; 100 is lossless in WebP and AVIF. */
  readonly quality: number;
  /** What the output carries; profile, XMP and orientation are taken from the strip TIFF. */
  readonly metadata: ImageMetadata;
}

/**
 * Encodes `strips` into the new file `to`; it is left to the caller, also half written on failure.
 * @throws Error with the system's reason where the disk refuses, libvips' otherwise.
 */
export async function encode(strips: string, to: string, encoding: Encoding): Promise<void> {
  const target = encoderOutput(to);
  // Strips are read in order: memory stays at a few of them whatever the size.
  const image = sharp(strips, { limitInputPixels: false, sequentialRead: true, ignoreIcc: true });
  const numbers = image.toColourspace(spaceOf(encoding));
  try {
    await formatted(carrying(numbers, encoding), encoding).toFile(target);
  } catch (cause) {
    throw new Error(libvipsWriteFailure(cause, target) ?? libvipsMessage(cause), { cause });
  }
  const { format, metadata } = encoding;
  const file = await open(target, "r");
  try {
    await splice(target, to, await partsOf[format](file, metadata));
  } finally {
    await file.close();
  }
}

/** Where the encoder's own file lies while its copy is made; the caller deletes both. */
export function encoderOutput(to: string): string {
  return `${to}.encoder`;
}

const partsOf = { png: pngParts, jpeg: jpegParts, webp: webpParts, avif: avifParts } as const;

function spaceOf({ channels, bits }: Encoding): "b-w" | "grey16" | "srgb" | "rgb16" {
  if (channels < 3) return bits === 8 ? "b-w" : "grey16";
  return bits === 8 ? "srgb" : "rgb16";
}

/**
 * Exif of the encoder's own making is wanted as the place for ours where it cannot be put in without, and where
 * we have no block: to say the orientation, and the density where nothing else could.
 */
function carrying(image: Sharp, { format, metadata }: Encoding): Sharp {
  const { exif, orientation = 1, density } = metadata;
  const kept = image.keepIccProfile().keepXmp();
  const onlyExif = format === "webp" || format === "avif";
  if (exif) return onlyExif ? kept.withExif({ IFD0: { Software: "rx-deblur" } }) : kept;
  return orientation > 1 || (onlyExif && density !== undefined) ? kept.keepExif() : kept;
}

function formatted(image: Sharp, encoding: Encoding): Sharp {
  const { format, quality } = encoding;
  switch (format) {
    case "png":
      return image.png({ adaptiveFiltering: true, palette: false });
    case "jpeg":
      // Optimised coding would hold the whole image in memory.
      return image.jpeg({ quality, chromaSubsampling: "4:4:4", optimiseCoding: false });
    case "webp":
      // The colours of transparent pixels are pixels too.
      return image.webp(
        quality === 100
          ? { lossless: true, exact: true }
          : { quality, alphaQuality: 100, smartSubsample: true, exact: true },
      );
    case "avif":
      // Effort 4 takes seven times as long for a hundredth of the size.
      return image.avif({
        ...(quality === 100 ? { lossless: true } : { quality, chromaSubsampling: "4:4:4" }),
        bitdepth: encoding.bits === 16 ? 12 : 8,
        effort: 3,
      });
  }
}
