/**
 * The head of an uncompressed TIFF whose rows follow each other without a gap, so that a pixel's place in
 * the file is arithmetic and blocks can be written in any order. Pure bytes: classic TIFF while the file
 * stays below 4 GB, BigTIFF above; samples in the machine's byte order.
 */
import type { RowLayout } from "../workers/store.ts";

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
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
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

const types = { byte: 1, short: 3, long: 4, rational: 5, undefined: 7, long8: 16 } as const;
const sizes = { byte: 1, short: 2, long: 4, rational: 8, undefined: 1, long8: 8 } as const;

interface Entry {
  readonly tag: number;
  readonly type: keyof typeof types;
  readonly values: ArrayLike<number>;
}

/** Lays out the file of an image. Nothing is written and no pixel is touched. */
export function layOutStripTiff(image: StripTiffImage): StripTiff {
  const rowBytes = (image.width * image.channels * image.bits) / 8;
  const rowsPerStrip = Math.min(image.height, Math.max(1, Math.floor(stripTarget / rowBytes)));
  const strips = Math.ceil(image.height / rowsPerStrip);
  const dataBytes = rowBytes * image.height;
  const sizeAs = (big: boolean): number =>
    aligned(headerBytes(entriesOf(image, rowsPerStrip, new Array(strips).fill(0), big), big));
  const big = sizeAs(false) + dataBytes > 0xffff_ffff;
  const dataOffset = sizeAs(big);
  const stripBytes = rowsPerStrip * rowBytes;
  const offsets = Array.from({ length: strips }, (_, strip) => dataOffset + strip * stripBytes);
  const header = new Uint8Array(dataOffset);
  writeHeader(header, entriesOf(image, rowsPerStrip, offsets, big), big);
  const sampleType = `uint${image.bits}` as const;
  return { header, dataOffset, rowBytes, sampleType, byteLength: dataOffset + dataBytes };
}

/** The directory in ascending tag order, as TIFF wants it. */
function entriesOf(
  image: StripTiffImage,
  rowsPerStrip: number,
  offsets: readonly number[],
  big: boolean,
): readonly Entry[] {
  const { width, height, channels, bits, icc, xmp, iptc, density, orientation } = image;
  const stripBytes = (rowsPerStrip * width * channels * bits) / 8;
  const rest = (width * height * channels * bits) / 8 - (offsets.length - 1) * stripBytes;
  const byteCounts = offsets.map((_, strip) => (strip < offsets.length - 1 ? stripBytes : rest));
  const entries: (Entry | undefined)[] = [
    { tag: 256, type: "long", values: [width] },
    { tag: 257, type: "long", values: [height] },
    { tag: 258, type: "short", values: new Array(channels).fill(bits) },
    { tag: 259, type: "short", values: [1] }, // no compression
    { tag: 262, type: "short", values: [channels < 3 ? 1 : 2] }, // black is zero, RGB
    { tag: 273, type: big ? "long8" : "long", values: offsets },
    orientation ? { tag: 274, type: "short", values: [orientation] } : undefined,
    { tag: 277, type: "short", values: [channels] },
    { tag: 278, type: "long", values: [rowsPerStrip] },
    { tag: 279, type: "long", values: byteCounts },
    density ? { tag: 282, type: "rational", values: [density] } : undefined,
    density ? { tag: 283, type: "rational", values: [density] } : undefined,
    { tag: 284, type: "short", values: [1] }, // samples of a pixel together
    density ? { tag: 296, type: "short", values: [2] } : undefined, // inch
    channels % 2 === 0 ? { tag: 338, type: "short", values: [2] } : undefined, // straight alpha
    xmp ? { tag: 700, type: "byte", values: xmp } : undefined,
    iptc ? { tag: 33723, type: "undefined", values: iptc } : undefined,
    icc ? { tag: 34675, type: "undefined", values: icc } : undefined,
  ];
  return entries.filter((entry) => entry !== undefined);
}

function valueBytes({ type, values }: Entry): number {
  return values.length * sizes[type];
}

/** Samples of 16 bit start even; a little more does no harm. */
function aligned(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

function headerBytes(entries: readonly Entry[], big: boolean): number {
  const inline = big ? 8 : 4;
  const apart = entries.map(valueBytes).filter((bytes) => bytes > inline);
  return (
    directoryEnd(entries.length, big) + apart.reduce((sum, bytes) => sum + bytes + (bytes % 2), 0)
  );
}

/** File header, entry count, entries, link to the next directory. */
function directoryEnd(entries: number, big: boolean): number {
  return big ? 16 + 8 + entries * 20 + 8 : 8 + 2 + entries * 12 + 4;
}

function writeHeader(
  header: Uint8Array<ArrayBuffer>,
  entries: readonly Entry[],
  big: boolean,
): void {
  const view = new DataView(header.buffer);
  const pointer = (at: number, value: number): void =>
    big
      ? view.setBigUint64(at, BigInt(value), littleEndian)
      : view.setUint32(at, value, littleEndian);
  header.fill((littleEndian ? "I" : "M").charCodeAt(0), 0, 2);
  view.setUint16(2, big ? 43 : 42, littleEndian);
  if (big) view.setUint16(4, 8, littleEndian); // bytes of an offset
  pointer(big ? 8 : 4, big ? 16 : 8);
  let at = big ? 16 : 8;
  if (big) pointer(at, entries.length);
  else view.setUint16(at, entries.length, littleEndian);
  at += big ? 8 : 2;
  let apart = directoryEnd(entries.length, big);
  for (const entry of entries) {
    const bytes = valueBytes(entry);
    view.setUint16(at, entry.tag, littleEndian);
    view.setUint16(at + 2, types[entry.type], littleEndian);
    pointer(at + 4, entry.values.length);
    const field = at + (big ? 12 : 8);
    if (bytes <= (big ? 8 : 4)) writeValues(view, field, entry);
    else {
      pointer(field, apart);
      writeValues(view, apart, entry);
      apart += bytes + (bytes % 2);
    }
    at += big ? 20 : 12;
  }
}

function writeValues(view: DataView, start: number, { type, values }: Entry): void {
  let at = start;
  for (let i = 0; i < values.length; i++, at += sizes[type]) {
    const value = values[i] as number;
    if (type === "short") view.setUint16(at, value, littleEndian);
    else if (type === "long") view.setUint32(at, value, littleEndian);
    else if (type === "long8") view.setBigUint64(at, BigInt(value), littleEndian);
    else if (type === "rational") {
      view.setUint32(at, Math.round(value * 1000), littleEndian);
      view.setUint32(at + 4, 1000, littleEndian);
    } else view.setUint8(at, value);
  }
}
