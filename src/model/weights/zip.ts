/**
 * Reads the zip archives that torch.save writes, without copying the records. It is strict: only stored records,
 * every size checked against the file, and every record against its CRC.
 */
import { crc32 } from "node:zlib";
import { WeightsError } from "../../errors.ts";
import { printable } from "./names.ts";

/** Position of the central directory, and its number of records. */
interface Directory {
  readonly begin: number;
  readonly end: number;
  readonly count: number;
}

interface Entry {
  readonly name: string;
  readonly crc: number;
  readonly size: number;
  /** Offset of its local header. */
  readonly offset: number;
}

const signature = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
} as const;
const none16 = 0xffff; // the value is in the zip64 record
const none32 = 0xffffffff;
const encrypted = 1;

/** The records by name, in the order of the directory. @throws WeightsError with the problem */
export function readZip(bytes: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const directory = findDirectory(view);
  const entries = readDirectory(bytes, view, directory);
  const records = new Map<string, Uint8Array>();
  for (const entry of entries) {
    if (records.has(entry.name)) throw broken(`two records have the name ${printable(entry.name)}`);
    records.set(entry.name, new Uint8Array());
  }
  let free = 0; // end of the records read so far
  for (const entry of entries.toSorted((a, b) => a.offset - b.offset)) {
    if (entry.offset < free) throw broken(`record ${printable(entry.name)} overlaps another`);
    const begin = dataBegin(bytes, view, entry);
    free = begin + entry.size;
    if (free > directory.begin) throw broken(`record ${printable(entry.name)} is truncated`);
    const record = bytes.subarray(begin, free);
    if (crc32(record) !== entry.crc) {
      throw broken(`record ${printable(entry.name)} is damaged (CRC)`);
    }
    records.set(entry.name, record);
  }
  return records;
}

/** The end record closes the file; zip64's two records, if any, come directly before it. */
function findDirectory(view: DataView): Directory {
  const at = endRecord(view);
  const locator = at - 20;
  const zip64 = locator >= 56 && view.getUint32(locator, true) === signature.locator64;
  let count = view.getUint16(at + 10, true);
  let size = view.getUint32(at + 12, true);
  let begin = view.getUint32(at + 16, true);
  let end = at;
  if (zip64) {
    end = locator - 56;
    if (
      view.getUint32(end, true) !== signature.end64 ||
      safe(view, end + 4) !== 44 ||
      safe(view, locator + 8) !== end
    ) {
      throw broken("its zip64 end record is misplaced");
    }
    const wide = { count: safe(view, end + 32), size: safe(view, end + 40) };
    const offset = safe(view, end + 48);
    if (
      (count !== none16 && count !== wide.count) ||
      (size !== none32 && size !== wide.size) ||
      (begin !== none32 && begin !== offset)
    ) {
      throw broken("its two end records differ");
    }
    count = wide.count;
    size = wide.size;
    begin = offset;
  }
  if (begin + size !== end) throw broken("its directory is misplaced");
  return { begin, end, count };
}

function endRecord(view: DataView): number {
  const length = view.byteLength;
  for (let at = length - 22; at >= Math.max(0, length - 22 - 0xffff); at--) {
    if (
      view.getUint32(at, true) === signature.end &&
      at + 22 + view.getUint16(at + 20, true) === length
    ) {
      return at;
    }
  }
  throw broken("it has no directory; it is truncated, or other data follows");
}

function readDirectory(bytes: Uint8Array, view: DataView, directory: Directory): Entry[] {
  const entries: Entry[] = [];
  let at = directory.begin;
  while (at < directory.end) {
    if (at + 46 > directory.end || view.getUint32(at, true) !== signature.central) {
      throw broken("its directory is damaged");
    }
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const next = at + 46 + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (next > directory.end) throw broken("its directory is damaged");
    const name = readName(bytes.subarray(at + 46, at + 46 + nameBytes));
    if (view.getUint16(at + 8, true) & encrypted || view.getUint16(at + 10, true) !== 0) {
      throw broken(
        `expected record ${printable(name)} to be stored but it is compressed or encrypted`,
      );
    }
    const extra = { begin: at + 46 + nameBytes, end: at + 46 + nameBytes + extraBytes };
    const wide = wideFields(view, extra);
    const field = (offset: number): number => {
      const value = view.getUint32(at + offset, true);
      return value === none32 ? (wide.shift() ?? value) : value;
    };
    const size = field(24);
    if (field(20) !== size) throw broken(`record ${printable(name)} has two sizes`);
    entries.push({ name, size, offset: field(42), crc: view.getUint32(at + 16, true) });
    at = next;
  }
  if (entries.length !== directory.count) {
    throw broken(`expected ${directory.count} records but found ${entries.length}`);
  }
  return entries;
}

/** Zip64 stores fields of a directory entry that exceed 4 bytes again, with 8 bytes each. */
function wideFields(view: DataView, extra: { begin: number; end: number }): number[] {
  const fields: number[] = [];
  let at = extra.begin;
  while (at + 4 <= extra.end) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (end > extra.end) throw broken("its directory is damaged");
    if (view.getUint16(at, true) === 1) {
      for (let i = at + 4; i + 8 <= end; i += 8) fields.push(safe(view, i));
    }
    at = end;
  }
  return fields;
}

/** Position of a record's first byte, after its local header, which must have the same name. */
function dataBegin(bytes: Uint8Array, view: DataView, { name, offset }: Entry): number {
  if (offset + 30 > view.byteLength || view.getUint32(offset, true) !== signature.local) {
    throw broken(`record ${printable(name)} is not at its offset in the directory`);
  }
  const nameEnd = offset + 30 + view.getUint16(offset + 26, true);
  const local = readName(bytes.subarray(offset + 30, nameEnd));
  if (local !== name)
    throw broken(`record ${printable(name)} has the name ${printable(local)} in its local header`);
  return nameEnd + view.getUint16(offset + 28, true);
}

function readName(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new WeightsError("PyTorch file: a record's name is not text", { cause });
  }
}

/** An 8-byte size; sizes beyond safe integers are clamped, because they exceed any file. */
function safe(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}

function broken(problem: string): WeightsError {
  return new WeightsError(`PyTorch file: ${problem}`);
}
