/** Selects what of an image's metadata an output can hold, and words what is left behind. */
import { isReadable } from "../formats/exif/fields.ts";
import { type OutputFormat, oneOfFormat } from "../formats/image-formats.ts";
import { jpegHoldsExif, jpegHoldsIptc } from "../formats/jpeg/put-metadata.ts";
import type { ImageMetadata } from "../formats/metadata.ts";
import { strangeColours } from "../formats/png/colours.ts";

export interface OutputKind {
  readonly format: OutputFormat;
  readonly channels: number;
  /** Leave out what does not say what pixels mean. */
  readonly stripMetadata?: boolean;
}

/** A JPEG's segment that holds a comment; the others that we carry hold XMP. */
const commentMarker = 0xfe;
/** The body of a JPEG's segment without length and the name XMP has there. */
const largestJpegXmp = 0xffff - 2 - 29;

/** What of `metadata` goes into the output. */
export function carriedInto(kind: OutputKind, metadata: ImageMetadata): ImageMetadata {
  const { exif, xmp, iptc, png, jpegSegments, icc, ...pixels } = metadata;
  const { format, stripMetadata = false } = kind;
  const meaning = {
    ...pixels,
    ...(icc && holdsProfile(kind, icc) && { icc }),
    ...(png && format === "png" && { png: { ...png, texts: stripMetadata ? [] : png.texts } }),
  };
  if (stripMetadata) return meaning;
  return {
    ...meaning,
    ...(exif && holdsExif(format, exif) && { exif }),
    ...(xmp && holdsXmp(format, xmp) && { xmp }),
    ...(iptc && holdsIptc(format, iptc) && { iptc }),
    ...(jpegSegments && format === "jpeg" && { jpegSegments }),
  };
}

/** A line for what the output cannot hold and the user did not strip; undefined where everything is carried. */
export function leftBehind(kind: OutputKind, metadata: ImageMetadata): string | undefined {
  const { format, stripMetadata = false } = kind;
  const carried = carriedInto(kind, metadata);
  const lost = [
    ...(metadata.icc && !carried.icc ? ["the profile of grey"] : []),
    ...(metadata.icc || carried.png ? [] : strangeColours(metadata.png?.meaning ?? [])),
    ...(stripMetadata ? [] : lostBlocks(metadata, carried)),
  ];
  if (lost.length === 0) return undefined;
  return `not kept, ${oneOfFormat(format)} has no place for ${lost.length === 1 ? "it" : "them"}: ${lost.join(", ")}`;
}

function lostBlocks(metadata: ImageMetadata, carried: ImageMetadata): string[] {
  const { exif, xmp, iptc, png, jpegSegments = [] } = metadata;
  return [
    ...(exif && !carried.exif ? [isReadable(exif) ? "Exif" : "damaged Exif"] : []),
    ...(xmp && !carried.xmp ? ["XMP"] : []),
    ...(iptc && !carried.iptc ? ["IPTC"] : []),
    ...(png && png.texts.length > 0 && !carried.png ? ["texts of the PNG"] : []),
    ...(carried.jpegSegments ? [] : namesOf(jpegSegments)),
  ];
}

function namesOf(jpegSegments: readonly Buffer[]): string[] {
  const comments = jpegSegments.some((segment) => segment[1] === commentMarker);
  const others = jpegSegments.some((segment) => segment[1] !== commentMarker);
  return [
    ...(comments ? ["comments of the JPEG"] : []),
    ...(others ? ["the end of a long XMP"] : []),
  ];
}

/** Grey becomes three equal channels in WebP and AVIF, for which a profile of grey is wrong. */
function holdsProfile({ format, channels }: OutputKind, icc: Buffer): boolean {
  const becomesRgb = channels < 3 && (format === "webp" || format === "avif");
  return !becomesRgb || icc.toString("latin1", 16, 20) !== "GRAY";
}

function holdsExif(format: OutputFormat, exif: Buffer): boolean {
  if (format === "jpeg") return jpegHoldsExif(exif);
  // A PNG's chunk is no Exif by its definition, and a TIFF has tags in place of the block.
  return isReadable(exif) || (format !== "png" && format !== "tiff");
}

function holdsXmp(format: OutputFormat, xmp: Buffer): boolean {
  return format !== "jpeg" || xmp.length <= largestJpegXmp;
}

function holdsIptc(format: OutputFormat, iptc: Buffer): boolean {
  if (format === "jpeg") return jpegHoldsIptc(iptc);
  return format === "png" || format === "tiff";
}
