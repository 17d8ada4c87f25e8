/**
 * A TIFF's directories as data: every entry raw, as the file holds it, so that what is not understood can
 * still be carried. Pixels are not part of it.
 */
import { bytesOfType, fieldTypes } from "./field-types.ts";

export interface TiffEntry {
  readonly tag: number;
  /** Its number in the file. */
  readonly type: number;
  readonly count: number;
  /** `count` values in the byte order of the file. */
  readonly bytes: Uint8Array;
}

export interface TiffDirectory {
  readonly entries: readonly TiffEntry[];
  /** Exif, GPS and interoperability directories, by the tag that points to them. */
  readonly directories: ReadonlyMap<number, TiffDirectory>;
}

export interface Tiff {
  readonly littleEndian: boolean;
  /** BigTIFF: offsets of 64 bits. */
  readonly big: boolean;
  /** The chain of directories; in a file with several pictures, one each. */
  readonly directories: readonly TiffDirectory[];
}

type Writable = Exclude<keyof typeof fieldTypes, "ifd" | "ifd8" | "float">;

/** An entry of numbers; a rational is written in thousandths. */
export function entryOf(
  tag: number,
  type: Writable,
  values: ArrayLike<number>,
  littleEndian: boolean,
): TiffEntry {
  const number = fieldTypes[type];
  const size = bytesOfType(number) as number;
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    writeValue(view, i * size, type, values[i] as number, littleEndian);
  }
  return { tag, type: number, count: values.length, bytes };
}

function writeValue(
  view: DataView,
  at: number,
  type: Writable,
  value: number,
  little: boolean,
): void {
  if (type === "short") view.setUint16(at, value, little);
  else if (type === "long") view.setUint32(at, value, little);
  else if (type === "long8") view.setBigUint64(at, BigInt(value), little);
  else if (type === "double") view.setFloat64(at, value, little);
  else if (type === "rational") {
    view.setUint32(at, Math.round(value * 1000), little);
    view.setUint32(at + 4, 1000, little);
  } else view.setUint8(at, value);
}

/** An entry of bytes that mean nothing to us. */
export function bytesEntry(
  tag: number,
  type: "byte" | "ascii" | "undefined",
  bytes: Uint8Array,
): TiffEntry {
  return { tag, type: fieldTypes[type], count: bytes.length, bytes };
}

/** The unsigned integers of an entry, undefined where it is missing or holds something else. */
export function integersOf(
  { entries }: TiffDirectory,
  tag: number,
  littleEndian: boolean,
): readonly number[] | undefined {
  const found = entries.find((entry) => entry.tag === tag);
  if (found === undefined) return undefined;
  const { type, count, bytes } = found;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { byte, short, long, ifd, long8, ifd8 } = fieldTypes;
  const read = (i: number): number => {
    if (type === byte) return view.getUint8(i);
    if (type === short) return view.getUint16(2 * i, littleEndian);
    if (type === long || type === ifd) return view.getUint32(4 * i, littleEndian);
    return Number(view.getBigUint64(8 * i, littleEndian));
  };
  const known: readonly number[] = [byte, short, long, ifd, long8, ifd8];
  return known.includes(type) ? Array.from({ length: count }, (_, i) => read(i)) : undefined;
}

/** The first of an entry's integers. */
export function integerOf(
  directory: TiffDirectory,
  tag: number,
  littleEndian: boolean,
): number | undefined {
  return integersOf(directory, tag, littleEndian)?.[0];
}
