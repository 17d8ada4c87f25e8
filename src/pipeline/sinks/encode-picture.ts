/** A finished picture in the run's folder becomes a file of the final format: which pictures a format holds, and by which encoder. */
import { OptionError } from "../../errors.ts";
import { bitsOf, type SampleType } from "../../operators/samples.ts";
import type { ImageSource } from "../../operators/tile.ts";
import { writePng } from "../png/write-png.ts";
import type { PictureFormat, PictureMetadata } from "../sources/picture-header.ts";
import type { WritingContext } from "../write-in-order.ts";
import { type Encoding, encode } from "./encode.ts";
import { encodeTiff, type TiffWishes } from "./encode-tiff.ts";
import { iptcFor } from "./iptc.ts";

export interface PictureEncoding {
  readonly format: PictureFormat;
  /** JPEG quality, 1..100. */
  readonly quality: number;
  /** As the source has it. */
  readonly metadata: PictureMetadata;
  /** Leave out Exif, XMP and IPTC; what pixels mean (profile, orientation, density) stays. */
  readonly stripMetadata: boolean;
  /** Of a TIFF. */
  readonly tiff: TiffWishes;
}

/** JPEG's own field holds 65535, its library stops here. */
const largestJpegSide = 65_500;
const largestPngSide = 2 ** 31 - 1;
/** libvips reads no larger picture, whatever its format; an own PNG writer does. */
const largestLibvipsSide = 100_000_000;

/** @throws OptionError where a picture cannot be of the format */
export function assertFormatHolds(
  format: PictureFormat,
  image: Pick<ImageSource, "width" | "height" | "channels" | "sampleType">,
): void {
  if (format === "tiff") return;
  const { width, height, channels, sampleType } = image;
  const name = format.toUpperCase();
  if (channels > 4 || !isPlain(sampleType))
    throw new OptionError(
      `Expected 1 to 4 channels of 8 or 16 bit for a ${name} but the picture has ${channels} of ${sampleType}: choose TIFF`,
    );
  const side = format === "jpeg" ? largestJpegSide : largestPngSide;
  if (Math.max(width, height) > side) {
    const others = format === "jpeg" ? "PNG or TIFF" : "TIFF";
    throw new OptionError(
      `Expected at most ${side} pixels a side for a ${name} but the picture has ${width}×${height}: choose ${others}`,
    );
  }
  if (format !== "jpeg") return;
  if (sampleType !== "uint8")
    throw new OptionError(
      `Expected 8 bits for a JPEG but received ${bitsOf(sampleType)}: choose PNG or TIFF`,
    );
  if (channels % 2 === 0)
    throw new OptionError("A JPEG holds no transparency, the picture has it: choose PNG or TIFF");
}

function isPlain(sampleType: SampleType): boolean {
  return sampleType === "uint8" || sampleType === "uint16";
}

/** What the strip TIFF has to say for libvips to find it there: for a TIFF it makes a pyramid at most. */
export function strippedFor(
  format: PictureFormat,
  { metadata, stripMetadata }: Pick<PictureEncoding, "metadata" | "stripMetadata">,
): PictureMetadata {
  if (format === "tiff") return metadata.icc ? { icc: metadata.icc } : {};
  const { exif: _exif, xmp: _xmp, iptc, ...meaning } = metadata;
  if (stripMetadata) return meaning;
  const { iptc: _iptc, ...kept } = metadata;
  const captions = iptcFor(format, iptc);
  return captions ? { ...kept, iptc: captions } : kept;
}

/** True where libvips encodes the picture, from the TIFF of its rows. */
export function readsStrips(
  format: PictureFormat,
  { width, height }: Pick<ImageSource, "width" | "height">,
): boolean {
  if (format === "tiff") return false;
  return format !== "png" || Math.max(width, height) <= largestLibvipsSide;
}

/**
 * Encodes `image`, which the TIFF `strips` holds too where it is read (`readsStrips`), into the new file `to`; left to the caller, also half
 * written on failure. Only our own encoders heed the signal on the way.
 * Fails with what reading fails with, or an Error with the system's reason or the encoder's.
 */
export async function encodePicture(
  strips: string,
  image: ImageSource,
  to: string,
  encoding: PictureEncoding,
  context: WritingContext,
): Promise<void> {
  const { format, quality } = encoding;
  if (format === "tiff") return encodeTiff(image, to, encoding, context);
  const { width, height, sampleType } = image;
  const metadata = strippedFor(format, encoding);
  if (!readsStrips(format, image)) return writePng(to, image, metadata, context);
  const channels = image.channels as Encoding["channels"];
  const bits = bitsOf(sampleType) as Encoding["bits"];
  return encode(strips, to, { format, width, height, channels, bits, quality, metadata });
}
