/**
 * The directories of a TIFF or BigTIFF, either byte order, out of a stranger's bytes: every size is checked
 * against the file before anything is allocated, no directory is visited twice, and all that is read
 * together is never more than the file. What is damaged is left out.
 */
import type { ByteSource } from "./byte-source.ts";
import type { Tiff, TiffDirectory, TiffEntry } from "./directory.ts";
import { bytesOfType, fieldTypes } from "./field-types.ts";
import { tags } from "./tags.ts";

/** More directories or entries than any real file has. */
const mostDirectories = 1024;
const mostEntries = 0xffff;
/** Bytes of all tables and values together. */
const mostBytes = 2 ** 28;

/** Lists as long as the picture is large, of use only to a decoder; and Photoshop's layers. */
const leftOut: ReadonlySet<number> = new Set([
  tags.stripOffsets,
  tags.stripByteCounts,
  tags.tileOffsets,
  tags.tileByteCounts,
  37724,
]);

const pointers: ReadonlySet<number> = new Set([tags.exif, tags.gps, tags.interoperability]);

/** How one directory's bytes are arranged. */
interface Form {
  readonly littleEndian: boolean;
  readonly big: boolean;
}

/** What reading may still cost, and where it has been. */
interface Progress {
  bytesLeft: number;
  readonly visited: Set<number>;
}

/**
 * The chain of directories, up to `limit`, and the Exif, GPS and interoperability directories below them.
 * Values of strip and tile placement are left out. Undefined where this is no TIFF or its first directory
 * cannot be read; fails only with the system's error.
 */
export async function readDirectories(
  source: ByteSource,
  { limit = mostDirectories }: { readonly limit?: number } = {},
): Promise<Tiff | undefined> {
  const header = await readHeader(source);
  if (header === undefined) return undefined;
  const { littleEndian, big } = header;
  const progress: Progress = { bytesLeft: Math.min(source.size, mostBytes), visited: new Set() };
  const directories: TiffDirectory[] = [];
  let at = header.first;
  while (at !== 0 && directories.length < limit) {
    const found = await readDirectory(source, at, header, progress);
    if (found === undefined) break;
    directories.push(found.directory);
    at = found.next;
  }
  return directories.length === 0 ? undefined : { littleEndian, big, directories };
}

async function readHeader(
  source: ByteSource,
): Promise<(Form & { readonly first: number }) | undefined> {
  const bytes = await source.read(0, 8);
  if (bytes === undefined) return undefined;
  const order = String.fromCharCode(bytes[0] as number, bytes[1] as number);
  if (order !== "II" && order !== "MM") return undefined;
  const littleEndian = order === "II";
  const view = viewOf(bytes);
  const version = view.getUint16(2, littleEndian);
  if (version === 42) return { littleEndian, big: false, first: view.getUint32(4, littleEndian) };
  const rest = await source.read(8, 8);
  // Bytes of an offset, then zero.
  const known = view.getUint16(4, littleEndian) === 8 && view.getUint16(6, littleEndian) === 0;
  if (version !== 43 || !known || rest === undefined) return undefined;
  return {
    littleEndian,
    big: true,
    first: pointerAt(viewOf(rest), 0, { littleEndian, big: true }),
  };
}

async function readDirectory(
  source: ByteSource,
  at: number,
  form: Form,
  progress: Progress,
): Promise<{ readonly directory: TiffDirectory; readonly next: number } | undefined> {
  if (progress.visited.has(at)) return undefined;
  progress.visited.add(at);
  const { big, littleEndian } = form;
  const countBytes = big ? 8 : 2;
  const head = await source.read(at, countBytes);
  if (head === undefined) return undefined;
  const count = big ? pointerAt(viewOf(head), 0, form) : viewOf(head).getUint16(0, littleEndian);
  const entryBytes = big ? 20 : 12;
  const length = count * entryBytes;
  if (count > mostEntries || !spend(progress, length)) return undefined;
  const table = await source.read(at + countBytes, length);
  if (table === undefined) return undefined;

  const entries = new Map<number, TiffEntry>();
  const directories = new Map<number, TiffDirectory>();
  const view = viewOf(table);
  for (let place = 0; place < length; place += entryBytes) {
    const tag = view.getUint16(place, littleEndian);
    if (leftOut.has(tag) || entries.has(tag) || directories.has(tag)) continue;
    if (pointers.has(tag)) {
      const target = targetAt(view, place, form);
      const below = target && (await readDirectory(source, target, form, progress));
      if (below) directories.set(tag, below.directory);
      continue;
    }
    const entry = await readEntry(source, view, place, form, progress);
    if (entry !== undefined) entries.set(tag, entry);
  }
  const link = await source.read(at + countBytes + length, big ? 8 : 4);
  // Some writers forget the link after the last directory.
  const next = link === undefined ? 0 : pointerAt(viewOf(link), 0, form);
  return { directory: { entries: [...entries.values()], directories }, next };
}

async function readEntry(
  source: ByteSource,
  table: DataView,
  place: number,
  form: Form,
  progress: Progress,
): Promise<TiffEntry | undefined> {
  const { littleEndian, big } = form;
  const tag = table.getUint16(place, littleEndian);
  const type = table.getUint16(place + 2, littleEndian);
  const count = pointerAt(table, place + 4, form);
  const size = bytesOfType(type);
  // Offsets into the file we know nothing of would point nowhere in another file.
  if (size === undefined || type === fieldTypes.ifd || type === fieldTypes.ifd8) return undefined;
  const length = count * size;
  const field = place + (big ? 12 : 8);
  if (length <= (big ? 8 : 4)) {
    const bytes = new Uint8Array(table.buffer, table.byteOffset + field, length).slice();
    return { tag, type, count, bytes };
  }
  const at = pointerAt(table, field, form);
  // Asked before spending: a value that is not there must not use up what others need.
  if (at + length > source.size || !spend(progress, length)) return undefined;
  const bytes = await source.read(at, length);
  return bytes && { tag, type, count, bytes };
}

/** Where a pointer entry points: one LONG or IFD, in BigTIFF also of 8 bytes. */
function targetAt(table: DataView, place: number, form: Form): number | undefined {
  const { littleEndian, big } = form;
  const type = table.getUint16(place + 2, littleEndian);
  if (pointerAt(table, place + 4, form) !== 1) return undefined;
  const field = place + (big ? 12 : 8);
  if (type === fieldTypes.long || type === fieldTypes.ifd) {
    return table.getUint32(field, littleEndian);
  }
  const wide = type === fieldTypes.long8 || type === fieldTypes.ifd8;
  return big && wide ? pointerAt(table, field, form) : undefined;
}

/** An offset or count; beyond 2⁵³ it is inexact, and past the end of any file. */
function pointerAt(view: DataView, at: number, { littleEndian, big }: Form): number {
  return big ? Number(view.getBigUint64(at, littleEndian)) : view.getUint32(at, littleEndian);
}

function spend(progress: Progress, bytes: number): boolean {
  if (bytes > progress.bytesLeft) return false;
  progress.bytesLeft -= bytes;
  return true;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
