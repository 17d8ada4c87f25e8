/**
 * Wraps the bytes of one block in a TIFF of one strip, so that libtiff can decode it: bounded by the size the
 * directory claims, and equal to what every tool that rests on libtiff reads.
 */
import type { Layout } from "./layout.ts";

type Block = Pick<Layout, "compression" | "photometric" | "jpegTables" | "chromaSubsampling"> & {
  readonly width: number;
  readonly rows: number;
  readonly bands: number;
};

const [short, long, undefinedBytes] = [3, 4, 7];

/** The file, little-endian, of 8 bits a sample. */
export function oneBlockTiff(block: Block, stored: Uint8Array): Uint8Array {
  const { width, rows, bands, compression, photometric, jpegTables, chromaSubsampling } = block;
  const tables = jpegTables ?? new Uint8Array();
  const entries: [tag: number, type: number, count: number, value: number][] = [
    [256, long, 1, width],
    [257, long, 1, rows],
    [258, short, bands, 8],
    [259, short, 1, compression],
    [262, short, 1, photometric],
    [273, long, 1, 0],
    [277, short, 1, bands],
    [278, long, 1, rows],
    [279, long, 1, stored.length],
  ];
  if (bands === 4) entries.push([338, short, 1, 2]);
  if (tables.length > 0) entries.push([347, undefinedBytes, tables.length, 0]);
  const [across, down] = chromaSubsampling;
  if (across !== undefined && down !== undefined)
    entries.push([530, short, 2, across + down * 2 ** 16]);
  const depthsAt = 8 + 2 + entries.length * 12 + 4;
  const tablesAt = depthsAt + 2 * bands;
  const storedAt = tablesAt + tables.length + (tables.length % 2);
  const file = new Uint8Array(storedAt + stored.length);
  const view = new DataView(file.buffer);
  file.set([0x49, 0x49, 42, 0, 8, 0, 0, 0, entries.length]);
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    const at = 10 + 12 * i;
    const apart = tag === 258 && bands > 2 ? depthsAt : tag === 347 ? tablesAt : undefined;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, count, true);
    view.setUint32(at + 8, apart ?? (tag === 273 ? storedAt : value), true);
  }
  for (let band = 0; band < bands; band++) view.setUint16(depthsAt + 2 * band, 8, true);
  file.set(tables, tablesAt);
  file.set(stored, storedAt);
  return file;
}
