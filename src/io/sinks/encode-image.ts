/** Encodes a finished image of the run's folder in its final format, after checking that the format can hold it. */
import { OptionError } from "../../errors.ts";
import type { ImageSource } from "../../image/raster.ts";
import { bitsOf, type SampleType } from "../../image/samples.ts";
import { type OutputFormat, oneOfFormat } from "../formats/image-formats.ts";
import type { ImageMetadata } from "../formats/metadata.ts";
import { encodeTiff, type TiffWishes } from "../formats/tiff/write/encode-tiff.ts";
import type { WritingContext } from "../pool/append-in-order.ts";
import { assertFormatHolds } from "./assert-format-holds.ts";
import { carriedInto } from "./carried-metadata.ts";
import { type Encoding, encode } from "./encode-by-libvips.ts";

export interface ImageEncoding {
  readonly format: OutputFormat;
  /** 1..100, of a format that has one. */
  readonly quality: number;
  /** As the source has it. */
  readonly metadata: ImageMetadata;
  /** Leave out Exif, XMP and IPTC; what pixels mean (profile, orientation, density) stays. */
  readonly stripMetadata: boolean;
  /** Of a TIFF. */
  readonly tiff: TiffWishes;
}

/** @throws OptionError where an image cannot be of the format */
export function assertHolds(
  format: OutputFormat,
  image: Pick<ImageSource, "width" | "height" | "channels" | "sampleType">,
): void {
  if (format === "tiff") return;
  const { width, height, channels, sampleType } = image;
  if (channels > 4 || !isPlain(sampleType))
    throw new OptionError(
      `Expected 1 to 4 channels of 8 or 16 bit for ${oneOfFormat(format)} but the picture has ${channels} of ${sampleType}: choose TIFF`,
    );
  const bits = bitsOf(sampleType) as Encoding["bits"];
  assertFormatHolds({ format, width, height, channels, bits });
}

function isPlain(sampleType: SampleType): boolean {
  return sampleType === "uint8" || sampleType === "uint16";
}

/** What the strip TIFF has to say for libvips to find it there; the rest is put into the encoded file. */
export function strippedFor(
  format: OutputFormat,
  channels: number,
  { metadata, stripMetadata }: Pick<ImageEncoding, "metadata" | "stripMetadata">,
): ImageMetadata {
  // For a TIFF libvips makes a pyramid at most.
  if (format === "tiff") return metadata.icc ? { icc: metadata.icc } : {};
  const { iptc: _iptc, ...kept } = carriedInto({ format, channels, stripMetadata }, metadata);
  return kept;
}

/**
 * Encodes an image into the new file `to`: a TIFF from `image`, every other format from the TIFF `strips`, which
 * holds the same rows. The file stays the caller's, also half written on failure. Only the encoder of TIFF heeds the
 * signal on the way.
 * Fails with what reading fails with, or an Error with the system's reason or the encoder's.
 */
export async function encodeImage(
  strips: string,
  image: ImageSource,
  to: string,
  encoding: ImageEncoding,
  context: WritingContext,
): Promise<void> {
  const { format, quality } = encoding;
  if (format === "tiff") return encodeTiff(image, to, encoding, context);
  const { width, height, sampleType } = image;
  const kind = { format, channels: image.channels, stripMetadata: encoding.stripMetadata };
  const metadata = carriedInto(kind, encoding.metadata);
  const channels = image.channels as Encoding["channels"];
  const bits = bitsOf(sampleType) as Encoding["bits"];
  return encode(strips, to, { format, width, height, channels, bits, quality, metadata });
}
