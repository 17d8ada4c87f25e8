/**
 * The finished strip TIFF becomes a picture of the final format, read once from top to bottom: the same
 * pixel numbers with the source's profile attached, never converted.
 */
import type { Sharp } from "sharp";
import { libvipsMessage, libvipsWriteFailure, sharp } from "../libvips.ts";
import type { PictureFormat, PictureMetadata } from "../sources/picture-header.ts";
import { canHoldExif, copyWithExif } from "./exif.ts";

export interface Encoding {
  readonly format: Exclude<PictureFormat, "tiff">;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
  /** JPEG quality, 1..100. */
  readonly quality: number;
  /** What the output carries; all but Exif is taken from the strip TIFF. */
  readonly metadata: PictureMetadata;
}

/**
 * Encodes `strips` into the new file `to`; it is left to the caller, also half written on failure.
 * @throws Error with the system's reason where the disk refuses, libvips' otherwise.
 */
export async function encode(strips: string, to: string, encoding: Encoding): Promise<void> {
  const { format, metadata } = encoding;
  const exif = metadata.exif && canHoldExif(format, metadata.exif) ? metadata.exif : undefined;
  const target = exif ? withoutExif(to) : to;
  // Strips are read in order: memory stays at a few of them whatever the size.
  const image = sharp(strips, { limitInputPixels: false, sequentialRead: true, ignoreIcc: true });
  const numbers = image.toColourspace(spaceOf(encoding));
  try {
    await formatted(carrying(numbers, encoding, exif !== undefined), encoding).toFile(target);
  } catch (cause) {
    throw new Error(libvipsWriteFailure(cause, target) ?? libvipsMessage(cause), { cause });
  }
  if (exif) await copyWithExif(target, to, { format, exif });
}

/** Where the encoder's file lies while Exif is being put into its copy; the caller deletes both. */
export function withoutExif(to: string): string {
  return `${to}.without-exif`;
}

function spaceOf({ channels, bits }: Encoding): "b-w" | "grey16" | "srgb" | "rgb16" {
  if (channels < 3) return bits === 8 ? "b-w" : "grey16";
  return bits === 8 ? "srgb" : "rgb16";
}

/**
 * Exif of the encoder's own making is wanted only where we have no block: to say the orientation, and in a
 * JPEG the density, which libvips writes only along with it.
 */
function carrying(image: Sharp, { format, metadata }: Encoding, ownExif: boolean): Sharp {
  const { iptc, orientation, density } = metadata;
  const turned = orientation !== undefined && orientation > 1;
  const sized = format === "jpeg" && density !== undefined;
  const wanted = iptc !== undefined || ((turned || sized) && !ownExif);
  return wanted ? image.keepMetadata() : image.keepIccProfile().keepXmp();
}

function formatted(image: Sharp, { format, quality }: Encoding): Sharp {
  switch (format) {
    case "png":
      return image.png({ adaptiveFiltering: true, palette: false });
    case "jpeg":
      // Optimised coding would hold the whole picture in memory.
      return image.jpeg({ quality, chromaSubsampling: "4:4:4", optimiseCoding: false });
  }
}
