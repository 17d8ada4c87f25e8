/**
 * A restored tile becomes a file of its own, whole or not at all: quantised where it is alone, as a residual where
 * it meets its neighbours. The other way round, a file that was found is read whole and believed only if every
 * byte of it is as it was written.
 */
import { closeSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { crop } from "../../operators/crop.ts";
import type { Raster } from "../../operators/tile.ts";
import { cutPiece } from "../../operators/tiling/pieces.ts";
import type { Rect } from "../../operators/tiling/rect.ts";
import { readTileHeader, type TileHeader, writeTileHeader } from "../store/tile-header.ts";
import { headerBytes, layOutTile, type StorePlan } from "../store/tile-layout.ts";
import { quantise } from "./quantise.ts";

/** The calls to the system that storing needs; tests let them fail. */
export interface StoreFiles {
  readonly openSync: (path: string, flags: string) => number;
  readonly writeSync: (fd: number, bytes: Uint8Array, offset: number, length: number) => number;
  readonly readSync: (fd: number, bytes: Uint8Array, offset: number, length: number) => number;
  readonly closeSync: (fd: number) => void;
  readonly renameSync: (from: string, to: string) => void;
  readonly rmSync: (path: string, options: { force: boolean }) => void;
}

const systemFiles: StoreFiles = {
  openSync: (path, flags) => openSync(path, flags),
  writeSync: (fd, bytes, offset, length) => writeSync(fd, bytes, offset, length),
  readSync: (fd, bytes, offset, length) => readSync(fd, bytes, offset, length, null),
  closeSync,
  renameSync,
  rmSync,
};

export interface StoreTileJob {
  /** Where the file will be; while it is written, a name beside it. */
  readonly file: string;
  readonly plan: StorePlan;
  readonly identity: string;
  readonly index: number;
  readonly read: Rect;
  /** What the tile read. */
  readonly source: Raster;
  /** [3, height, width], at least as large as the source. */
  readonly residual: Float32Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly copied: boolean;
  readonly flat: boolean;
}

/** Throws the system's error where the disk refuses; nothing is at `file` then. */
export function storeTile(job: StoreTileJob, files: StoreFiles = systemFiles): void {
  const bytes = bytesOf(job);
  const unfinished = `${job.file}.part`;
  const fd = files.openSync(unfinished, "w");
  try {
    for (let done = 0; done < bytes.length; )
      done += files.writeSync(fd, bytes, done, bytes.length - done);
    files.closeSync(fd);
    files.renameSync(unfinished, job.file);
  } catch (error) {
    try {
      files.closeSync(fd);
    } catch {
      // It was closed already.
    }
    files.rmSync(unfinished, { force: true });
    throw error;
  }
}

function bytesOf(job: StoreTileJob): Buffer {
  const { plan, identity, index, read, source, copied, flat } = job;
  const masked = source.valid !== undefined;
  const { sections, byteLength } = layOutTile(plan, index, masked);
  const file = Buffer.alloc(byteLength);
  const put = (extent: { readonly offset: number } | undefined, values: ArrayBufferView): void => {
    if (extent === undefined) return;
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), extent.offset);
  };
  for (const section of sections) {
    const { rect } = section.block;
    const piece = cutPiece(job, read, rect);
    put(section.residual, piece);
    if (section.residual !== undefined && section.source === undefined) continue;
    const under = crop(source, { ...rect, x: rect.x - read.x, y: rect.y - read.y });
    put(section.source, under.samples);
    if (under.valid) put(section.valid, under.valid);
    if (section.samples === undefined) continue;
    put(section.samples, quantise(under, piece, plan.radiometry, plan.outputType));
  }
  const checksum = crc32(file.subarray(headerBytes));
  writeTileHeader(file, { identity, index, masked, copied, flat, byteLength, checksum });
  return file;
}

export interface CheckTileJob {
  readonly file: string;
  readonly plan: StorePlan;
  readonly identity: string;
  readonly index: number;
}

/** What the file says of its tile; undefined where it is not that tile of that run, whole. */
export function checkTile(
  { file, plan, identity, index }: CheckTileJob,
  files: StoreFiles = systemFiles,
): TileHeader | undefined {
  const fd = files.openSync(file, "r");
  try {
    const start = Buffer.alloc(headerBytes);
    if (!readFully(fd, start, files)) return undefined;
    const header = readTileHeader(start);
    if (header?.identity !== identity || header.index !== index) return undefined;
    // The length follows from the plan, so that a wrong one allocates nothing.
    const { byteLength } = layOutTile(plan, index, header.masked);
    if (header.byteLength !== byteLength) return undefined;
    const rest = Buffer.alloc(byteLength - headerBytes);
    if (!readFully(fd, rest, files)) return undefined;
    const ended = files.readSync(fd, Buffer.alloc(1), 0, 1) === 0;
    return ended && crc32(rest) === header.checksum ? header : undefined;
  } finally {
    files.closeSync(fd);
  }
}

/** False where the file ends before. */
function readFully(fd: number, bytes: Buffer, files: StoreFiles): boolean {
  for (let done = 0; done < bytes.length; ) {
    const read = files.readSync(fd, bytes, done, bytes.length - done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}
