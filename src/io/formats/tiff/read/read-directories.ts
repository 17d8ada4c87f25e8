/**
 * Reads the directories of a TIFF or BigTIFF, either byte order, out of a stranger's bytes. Every size is checked
 * against the file before anything is allocated, no directory of a chain is read twice, and the bytes of all tables
 * and values together are bounded by the size of the file.
 */
import type { Bytes } from "../../../system/bytes.ts";
import type { Tiff, TiffDirectory, TiffEntry } from "../directory.ts";
import { bytesOfType, fieldTypes } from "../field-types.ts";
import { tags } from "../tags.ts";

/** More directories or entries than any real file has. */
const mostDirectories = 128;
const mostEntries = 4096;
/** Bytes of all tables and values together. */
const mostBytes = 2 ** 28;

/** Photoshop's layers: large, and of no use here. */
const layers = 37724;
/** Lists as long as the image is large, of use only to a decoder. */
const places: ReadonlySet<number> = new Set([
  tags.stripOffsets,
  tags.stripByteCounts,
  tags.tileOffsets,
  tags.tileByteCounts,
]);

const pointers: ReadonlySet<number> = new Set([tags.exif, tags.gps, tags.interoperability]);

type Source = Pick<Bytes, "size" | "read">;

/** How one file's bytes are arranged. */
interface Form {
  readonly littleEndian: boolean;
  readonly big: boolean;
}

/** State of a reading: the file, the remaining budget, the places visited. */
interface Walk {
  readonly source: Source;
  readonly withPlaces: boolean;
  bytesLeft: number;
  readonly visited: Set<number>;
}

/** Called with a few words for each damage: either throws or has the damaged part left out. */
type OnDamage = (problem: string) => undefined;

const leaveOut: OnDamage = () => undefined;
const refuse: OnDamage = (problem) => {
  throw new Error(problem);
};

/**
 * The chain of directories, up to `limit`, and the Exif, GPS and interoperability directories below them. Damaged
 * parts and the places of strips and tiles are left out. Undefined where this is no TIFF or its first directory
 * cannot be read; fails only with the error of reading.
 */
export function readDirectories(
  source: Source,
  { limit = mostDirectories }: { readonly limit?: number } = {},
): Promise<Tiff | undefined> {
  const bytesLeft = Math.min(source.size, mostBytes);
  const walk = { source, withPlaces: false, bytesLeft, visited: new Set<number>() };
  return readChain(walk, limit, leaveOut);
}

/**
 * The same for a decoder: with the places of strips and tiles, and damage of the chain is refused. Directories
 * below it are read as by `readDirectories`.
 * @throws Error saying in a few words what is wrong with the directories
 */
export async function readSoundDirectories(source: Source): Promise<Tiff> {
  // Twice, because directories may share values.
  const bytesLeft = Math.min(2 * source.size, mostBytes);
  const walk = { source, withPlaces: true, bytesLeft, visited: new Set<number>() };
  return (await readChain(walk, mostDirectories, refuse)) as Tiff;
}

/** The directory as `readDirectories` gives it: without where its strips and tiles lie. */
export function withoutPlaces({ entries, directories }: TiffDirectory): TiffDirectory {
  return { entries: entries.filter(({ tag }) => !places.has(tag)), directories };
}

async function readChain(walk: Walk, limit: number, onDamage: OnDamage): Promise<Tiff | undefined> {
  const header = await readHeader(walk.source, onDamage);
  if (header === undefined) return undefined;
  const { littleEndian, big } = header;
  const chain = new Set<number>();
  const directories: TiffDirectory[] = [];
  let at = header.first;
  while (at !== 0 && directories.length < limit) {
    const found = chain.has(at)
      ? onDamage("its directories form a loop")
      : await readDirectory(walk, at, header, onDamage);
    if (found === undefined) break;
    chain.add(at);
    directories.push(found.directory);
    at = found.next;
  }
  if (directories.length === 0) return onDamage("it has no directory");
  return { littleEndian, big, directories };
}

async function readHeader(
  source: Source,
  onDamage: OnDamage,
): Promise<(Form & { readonly first: number }) | undefined> {
  const bytes = await readAt(source, 0, 8);
  const order = String.fromCharCode(...(bytes?.subarray(0, 2) ?? []));
  if (bytes === undefined || (order !== "II" && order !== "MM")) return onDamage("it is no TIFF");
  const littleEndian = order === "II";
  const view = viewOf(bytes);
  const version = view.getUint16(2, littleEndian);
  if (version === 42) return { littleEndian, big: false, first: view.getUint32(4, littleEndian) };
  if (version !== 43) return onDamage("it is no TIFF");
  const rest = await readAt(source, 8, 8);
  // Bytes of an offset, then zero.
  const known = view.getUint16(4, littleEndian) === 8 && view.getUint16(6, littleEndian) === 0;
  if (!known || rest === undefined) return onDamage("its header is damaged");
  const form = { littleEndian, big: true };
  return { ...form, first: pointerAt(viewOf(rest), 0, form) };
}

async function readDirectory(
  walk: Walk,
  at: number,
  form: Form,
  onDamage: OnDamage,
): Promise<{ readonly directory: TiffDirectory; readonly next: number } | undefined> {
  const { source, visited } = walk;
  visited.add(at);
  const { big, littleEndian } = form;
  const countBytes = big ? 8 : 2;
  const head = await readAt(source, at, countBytes);
  if (head === undefined) return onDamage("a directory reaches past the end of the file");
  const count = big ? pointerAt(viewOf(head), 0, form) : viewOf(head).getUint16(0, littleEndian);
  if (count > mostEntries) return onDamage(`a directory has ${count} entries`);
  const entryBytes = big ? 20 : 12;
  const length = count * entryBytes;
  const inside = at + countBytes + length <= source.size;
  if (!inside) return onDamage("a directory reaches past the end of the file");
  if (!spend(walk, length)) return onDamage("its entries hold more bytes than the file");
  const table = await readAt(source, at + countBytes, length);
  if (table === undefined) return undefined;

  const entries = new Map<number, TiffEntry>();
  const directories = new Map<number, TiffDirectory>();
  const view = viewOf(table);
  for (let place = 0; place < length; place += entryBytes) {
    const tag = view.getUint16(place, littleEndian);
    if (tag === layers || (places.has(tag) && !walk.withPlaces)) continue;
    if (entries.has(tag) || directories.has(tag)) continue;
    if (pointers.has(tag)) {
      const target = targetAt(view, place, form);
      if (!target || visited.has(target)) continue;
      const below = await readDirectory(walk, target, form, leaveOut);
      if (below) directories.set(tag, below.directory);
      continue;
    }
    const entry = await readEntry(walk, view, place, form, onDamage);
    if (entry !== undefined) entries.set(tag, entry);
  }
  const link = await readAt(source, at + countBytes + length, big ? 8 : 4);
  // Some writers forget the link after the last directory.
  const next = link === undefined ? 0 : pointerAt(viewOf(link), 0, form);
  return { directory: { entries: [...entries.values()], directories }, next };
}

async function readEntry(
  walk: Walk,
  table: DataView,
  place: number,
  form: Form,
  onDamage: OnDamage,
): Promise<TiffEntry | undefined> {
  const { littleEndian, big } = form;
  const tag = table.getUint16(place, littleEndian);
  const type = table.getUint16(place + 2, littleEndian);
  const count = pointerAt(table, place + 4, form);
  const size = bytesOfType(type);
  if (size === undefined) return onDamage(`an entry has the type ${type}, which is none`);
  const length = count * size;
  const field = place + (big ? 12 : 8);
  const isInline = length <= (big ? 8 : 4);
  const at = isInline ? 0 : pointerAt(table, field, form);
  // Asked before spending: a value that is not there must not use up what others need.
  if (at + length > walk.source.size) return onDamage("an entry points past the end of the file");
  // Offsets into the file that we know nothing of would point nowhere in another file.
  if (type === fieldTypes.ifd || type === fieldTypes.ifd8) return undefined;
  if (isInline) {
    const bytes = new Uint8Array(table.buffer, table.byteOffset + field, length).slice();
    return { tag, type, count, bytes };
  }
  if (!spend(walk, length)) return onDamage("its entries hold more bytes than the file");
  const bytes = await readAt(walk.source, at, length);
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

/** `length` bytes; undefined where they reach past the end. */
async function readAt(
  source: Source,
  at: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!Number.isSafeInteger(at) || length > source.size - at) return undefined;
  const bytes = await source.read(at, length);
  return bytes.length === length ? bytes : undefined;
}

function spend(walk: Walk, bytes: number): boolean {
  if (bytes > walk.bytesLeft) return false;
  walk.bytesLeft -= bytes;
  return true;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
