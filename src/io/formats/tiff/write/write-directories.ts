/**
 * Lays out directories as bytes: tables, their values and the directories below, one after the other from a given
 * place in the file. Pure arithmetic; the sizes depend on what entries hold, not on where they point.
 */
import type { TiffDirectory, TiffEntry } from "../directory.ts";
import { fieldTypes, needsBig } from "../field-types.ts";

/** How directories are arranged, and where the first byte goes. */
export interface DirectoryForm {
  readonly littleEndian: boolean;
  /** BigTIFF: offsets of 64 bits. */
  readonly big: boolean;
  /** Offset in the file, even; relative to the start of the TIFF structure. */
  readonly at: number;
}

/** Bytes of the file header, classic or BigTIFF. */
export function headerBytes(big: boolean): number {
  return big ? 16 : 8;
}

/** The start of the file, pointing to the first directory. */
export function fileHeader({ littleEndian, big, at }: DirectoryForm): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headerBytes(big));
  const view = new DataView(bytes.buffer);
  bytes.fill((littleEndian ? "I" : "M").charCodeAt(0), 0, 2);
  view.setUint16(2, big ? 43 : 42, littleEndian);
  if (big) view.setUint16(4, 8, littleEndian); // bytes of an offset
  setPointer(view, big ? 8 : 4, at, { littleEndian, big });
  return bytes;
}

/** True where some entry has a type that a classic TIFF does not know. */
export function needBig(directories: readonly TiffDirectory[]): boolean {
  return directories.some(
    ({ entries, directories: below }) =>
      entries.some(({ type }) => needsBig(type)) || needBig([...below.values()]),
  );
}

/** The chained directories from `form.at` on; entries in ascending order of their tags. */
export function layOutDirectories(
  directories: readonly TiffDirectory[],
  form: DirectoryForm,
): Uint8Array<ArrayBuffer> {
  const sizes = directories.map((directory) => sizeOf(directory, form.big));
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let start = 0;
  for (const [i, directory] of directories.entries()) {
    const end = start + (sizes[i] as number);
    const next = i + 1 < directories.length ? form.at + end : 0;
    writeDirectory(bytes, start, directory, next, form);
    start = end;
  }
  return bytes;
}

/** Where `layOutDirectories` puts the end. */
export function endOf(directories: readonly TiffDirectory[], { big, at }: DirectoryForm): number {
  return directories.reduce((sum, directory) => sum + sizeOf(directory, big), at);
}

function sizeOf({ entries, directories }: TiffDirectory, big: boolean): number {
  const apart = entries.map(({ bytes }) => bytes.length).filter((length) => length > inline(big));
  const below = [...directories.values()].map((directory) => sizeOf(directory, big));
  const lengths = [tableBytes(entries.length + directories.size, big), ...apart, ...below];
  return lengths.reduce((sum, length) => sum + even(length), 0);
}

function writeDirectory(
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  { entries, directories }: TiffDirectory,
  next: number,
  form: DirectoryForm,
): void {
  const { littleEndian, big, at } = form;
  const view = new DataView(bytes.buffer);
  const all: readonly (TiffEntry | readonly [tag: number, below: TiffDirectory])[] = [
    ...entries,
    ...directories,
  ].sort((a, b) => tagOf(a) - tagOf(b));
  if (big) setPointer(view, start, all.length, form);
  else view.setUint16(start, all.length, littleEndian);
  let place = start + (big ? 8 : 2);
  let apart = start + even(tableBytes(all.length, big));
  for (const item of all) {
    const field = place + (big ? 12 : 8);
    view.setUint16(place, tagOf(item), littleEndian);
    if ("tag" in item) {
      view.setUint16(place + 2, item.type, littleEndian);
      setPointer(view, place + 4, item.count, form);
      if (item.bytes.length <= inline(big)) bytes.set(item.bytes, field);
      else {
        setPointer(view, field, at + apart, form);
        bytes.set(item.bytes, apart);
        apart += even(item.bytes.length);
      }
    } else {
      const [, below] = item;
      view.setUint16(place + 2, big ? fieldTypes.ifd8 : fieldTypes.long, littleEndian);
      setPointer(view, place + 4, 1, form);
      setPointer(view, field, at + apart, form);
      writeDirectory(bytes, apart, below, 0, form);
      apart += sizeOf(below, big);
    }
    place += big ? 20 : 12;
  }
  setPointer(view, place, next, form);
}

function tagOf(item: TiffEntry | readonly [tag: number, below: TiffDirectory]): number {
  return "tag" in item ? item.tag : item[0];
}

/** Entry count, entries, link to the next directory. */
function tableBytes(entries: number, big: boolean): number {
  return big ? 8 + entries * 20 + 8 : 2 + entries * 12 + 4;
}

/** Bytes a value may have to stand in the table itself. */
function inline(big: boolean): number {
  return big ? 8 : 4;
}

/** Values begin on a word boundary. */
function even(length: number): number {
  return length + (length % 2);
}

function setPointer(
  view: DataView,
  at: number,
  value: number,
  { littleEndian, big }: Pick<DirectoryForm, "littleEndian" | "big">,
): void {
  if (big) view.setBigUint64(at, BigInt(value), littleEndian);
  else view.setUint32(at, value, littleEndian);
}
