/**
 * Whether a TIFF can be read in rectangles as it is: the tile size in its first directory. A few tags of
 * the header are read, no pixels; classic and BigTIFF, either byte order.
 */
import { type FileHandle, open } from "node:fs/promises";

/** More entries than any real directory has; a damaged count must not make us read for ever. */
const entryLimit = 4096;

/** Tile width and height of the first picture of a TIFF; undefined where it has strips, or is damaged. */
export async function tiffTileSize(
  path: string,
): Promise<{ width: number; height: number } | undefined> {
  const file = await open(path, "r");
  try {
    const tags = await firstDirectory(file);
    const width = tags?.get(322);
    const height = tags?.get(323);
    return width && height ? { width, height } : undefined;
  } finally {
    await file.close();
  }
}

/** Tags of the first directory that hold one SHORT or LONG. */
async function firstDirectory(file: FileHandle): Promise<Map<number, number> | undefined> {
  const header = await read(file, 0, 16);
  if (!header) return undefined;
  const little = header.getUint8(0) === 0x49;
  const big = header.getUint16(2, little) === 43;
  const start = big ? Number(header.getBigUint64(8, little)) : header.getUint32(4, little);
  const countBytes = big ? 8 : 2;
  const entryBytes = big ? 20 : 12;
  const head = await read(file, start, countBytes);
  if (!head) return undefined;
  const count = big ? Number(head.getBigUint64(0, little)) : head.getUint16(0, little);
  if (count > entryLimit) return undefined;
  const entries = await read(file, start + countBytes, count * entryBytes);
  if (!entries) return undefined;
  const tags = new Map<number, number>();
  for (let at = 0; at < entries.byteLength; at += entryBytes) {
    const type = entries.getUint16(at + 2, little);
    const value = at + (big ? 12 : 8);
    if (type === 3) tags.set(entries.getUint16(at, little), entries.getUint16(value, little));
    if (type === 4) tags.set(entries.getUint16(at, little), entries.getUint32(value, little));
  }
  return tags;
}

async function read(
  file: FileHandle,
  position: number,
  length: number,
): Promise<DataView | undefined> {
  if (!Number.isSafeInteger(position)) return undefined;
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytesRead === length ? new DataView(bytes.buffer) : undefined;
}
