/**
 * Represents a TIFF's directories as data: every entry raw, as the file holds it, so that an unknown entry can still
 * be carried. Pixels are not part of it.
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
  /** The chain of directories; in a file with several images, one each. */
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
  directory: TiffDirectory,
  tag: number,
  littleEndian: boolean,
): readonly number[] | undefined {
  const type = directory.entries.find((entry) => entry.tag === tag)?.type;
  const { byte, short, long, ifd, long8, ifd8 } = fieldTypes;
  const integers: readonly (number | undefined)[] = [byte, short, long, ifd, long8, ifd8];
  if (type === undefined || !integers.includes(type)) return undefined;
  return Array.from(valuesOf(directory, littleEndian).numbers(tag));
}

/** The first of an entry's integers. */
export function integerOf(
  directory: TiffDirectory,
  tag: number,
  littleEndian: boolean,
): number | undefined {
  return integersOf(directory, tag, littleEndian)?.[0];
}

/** The values of one directory. */
export interface TagValues {
  has(tag: number): boolean;
  /** The first number of a value, `otherwise` where there is none. */
  number(tag: number, otherwise: number): number;
  /** All numbers of a value, of a rational numerator and denominator; empty where there are none. */
  numbers(tag: number): ArrayLike<number>;
  /** Text up to the first NUL; empty where there is none. */
  text(tag: number): string;
}

/** Reads the values of a directory's entries. */
export function valuesOf({ entries }: TiffDirectory, littleEndian: boolean): TagValues {
  const entryAt = (tag: number) => entries.find((entry) => entry.tag === tag);
  const numbers = (tag: number): ArrayLike<number> => {
    const entry = entryAt(tag);
    return entry === undefined ? [] : numbersIn(entry, littleEndian);
  };
  return {
    has: (tag) => entryAt(tag) !== undefined,
    number: (tag, otherwise) => numbers(tag)[0] ?? otherwise,
    numbers,
    text(tag) {
      const entry = entryAt(tag);
      if (entry?.type !== fieldTypes.ascii) return "";
      return new TextDecoder().decode(entry.bytes).split("\0", 1)[0] ?? "";
    },
  };
}

const machineIsLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

type NumberArray =
  | (typeof Uint8Array | typeof Int8Array | typeof Uint16Array | typeof Int16Array)
  | (typeof Uint32Array | typeof Int32Array | typeof Float32Array | typeof Float64Array)
  | (typeof BigUint64Array | typeof BigInt64Array);

/** By the type's number; text holds no numbers. A rational is two integers. */
const arrays: Readonly<Record<number, NumberArray | undefined>> = {
  ...{ 1: Uint8Array, 3: Uint16Array, 4: Uint32Array, 5: Uint32Array, 6: Int8Array },
  ...{ 7: Uint8Array, 8: Int16Array, 9: Int32Array, 10: Int32Array, 11: Float32Array },
  ...{ 12: Float64Array, 13: Uint32Array, 16: BigUint64Array, 17: BigInt64Array },
  ...{ 18: BigUint64Array },
};

function numbersIn({ type, bytes }: TiffEntry, littleEndian: boolean): ArrayLike<number> {
  const array = arrays[type];
  if (array === undefined) return [];
  // A copy of its own: aligned, and free to be swapped.
  const ordered = Buffer.from(new Uint8Array(bytes).buffer);
  if (littleEndian !== machineIsLittle) {
    if (array.BYTES_PER_ELEMENT === 2) ordered.swap16();
    if (array.BYTES_PER_ELEMENT === 4) ordered.swap32();
    if (array.BYTES_PER_ELEMENT === 8) ordered.swap64();
  }
  const values = new array(ordered.buffer);
  if (values instanceof BigUint64Array || values instanceof BigInt64Array) {
    return Float64Array.from(values, Number);
  }
  return values;
}
