/**
 * Lays out the head of an uncompressed TIFF whose rows follow each other without a gap. A pixel's place in the file
 * is then arithmetic, and blocks can be written in any order. Pure bytes: classic TIFF while the file stays below 4
 * GB, BigTIFF above; samples in the machine's byte order.
 */
import { bitsOf, type SampleType } from "../../../../image/samples.ts";
import { bytesEntry, entryOf, type TiffDirectory, type TiffEntry } from "../directory.ts";
import { tags } from "../tags.ts";
import type { RowLayout } from "./store-rows.ts";
import { endOf, fileHeader, headerBytes, layOutDirectories } from "./write-directories.ts";

export interface StripTiff extends RowLayout {
  /** Everything before the first sample: `dataOffset` bytes. */
  readonly header: Uint8Array<ArrayBuffer>;
  /** Size of the whole file. */
  readonly byteLength: number;
}

export interface StripTiffImage {
  readonly width: number;
  readonly height: number;
  /** 2 and 4: the last one is straight (unassociated) alpha. */
  readonly channels: number;
  readonly sampleType: SampleType;
  readonly icc?: Uint8Array;
  readonly xmp?: Uint8Array;
  readonly iptc?: Uint8Array;
  /** Pixels an inch. */
  readonly density?: number;
  /** Exif orientation 1..8. */
  readonly orientation?: number;
}

/** Bytes of one strip, about: what a reader holds of the file at a time. */
const stripTarget = 2 ** 20;
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Lays out the file of an image. Nothing is written and no pixel is touched. */
export function layOutStripTiff(image: StripTiffImage): StripTiff {
  const { width, height, channels, sampleType } = image;
  const rowBytes = (width * channels * bitsOf(sampleType)) / 8;
  const rowsPerStrip = Math.min(height, Math.max(1, Math.floor(stripTarget / rowBytes)));
  const strips = Math.ceil(height / rowsPerStrip);
  const stripBytes = rowsPerStrip * rowBytes;
  const dataBytes = rowBytes * height;
  const form = (big: boolean) => ({ littleEndian, big, at: headerBytes(big) });
  // Sizes do not depend on where the strips lie.
  const directoryAt = (dataOffset: number, big: boolean): TiffDirectory => {
    const offsets = Array.from({ length: strips }, (_, i) => dataOffset + i * stripBytes);
    const counts = offsets.map((_, i) => Math.min(stripBytes, dataBytes - i * stripBytes));
    const placement = [
      entryOf(tags.stripOffsets, big ? "long8" : "long", offsets, littleEndian),
      entryOf(tags.rowsPerStrip, "long", [rowsPerStrip], littleEndian),
      entryOf(tags.stripByteCounts, "long", counts, littleEndian),
    ];
    return { entries: [...described(image), ...placement], directories: new Map() };
  };
  const sizeAs = (big: boolean) => aligned(endOf([directoryAt(0, big)], form(big)));
  const big = sizeAs(false) + dataBytes > 0xffff_ffff;
  const dataOffset = sizeAs(big);
  const header = new Uint8Array(dataOffset);
  header.set(fileHeader(form(big)));
  header.set(layOutDirectories([directoryAt(dataOffset, big)], form(big)), headerBytes(big));
  return { header, dataOffset, rowBytes, sampleType, byteLength: dataOffset + dataBytes };
}

/** The entries that do not depend on the places of the strips. */
function described(image: StripTiffImage): readonly TiffEntry[] {
  const { width, height, channels, sampleType, icc, xmp, iptc, density, orientation } = image;
  const short = (tag: number, ...values: number[]) => entryOf(tag, "short", values, littleEndian);
  const long = (tag: number, value: number) => entryOf(tag, "long", [value], littleEndian);
  const rational = (tag: number, value: number) => entryOf(tag, "rational", [value], littleEndian);
  const each = (value: number) => new Array<number>(channels).fill(value);
  const format = sampleType.startsWith("float") ? 3 : sampleType.startsWith("int") ? 2 : 1;
  const isRgb = channels === 3 || channels === 4;
  const extra = each(0).slice(isRgb ? 3 : 1);
  // The last of 2 and 4 is straight alpha.
  if (channels === 2 || channels === 4) extra[extra.length - 1] = 2;
  return [
    long(tags.width, width),
    long(tags.height, height),
    short(tags.bitsPerSample, ...each(bitsOf(sampleType))),
    short(tags.compression, 1), // none
    short(tags.photometric, isRgb ? 2 : 1), // RGB, black is zero
    ...(orientation ? [short(tags.orientation, orientation)] : []),
    short(tags.samplesPerPixel, channels),
    ...(density ? [rational(tags.xResolution, density), rational(tags.yResolution, density)] : []),
    short(tags.planarConfiguration, 1), // samples of a pixel together
    ...(density ? [short(tags.resolutionUnit, 2)] : []), // inch
    ...(extra.length > 0 ? [short(tags.extraSamples, ...extra)] : []),
    short(tags.sampleFormat, ...each(format)),
    ...(xmp ? [bytesEntry(tags.xmp, "byte", xmp)] : []),
    ...(iptc ? [bytesEntry(tags.iptc, "undefined", iptc)] : []),
    ...(icc ? [bytesEntry(tags.icc, "undefined", icc)] : []),
  ];
}

/** Samples start at a multiple of their size; a little more does no harm. */
function aligned(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
