/**
 * Writes a restored tile into its file, whole or not at all, and reads it back. Samples the tile alone decides are
 * quantised; those it shares with neighbours are stored as a residual. Reading accepts a file only if every byte is as
 * it was written.
 */
import { crc32 } from "node:zlib";
import { IoError } from "../../errors.ts";
import { freeBuffers } from "../../free-buffers.ts";
import { quantise } from "../../image/quantise.ts";
import { crop, type Raster } from "../../image/raster.ts";
import { cutPiece } from "../../image/tiling/pieces.ts";
import type { Rect } from "../../rect.ts";
import { borrowBytes } from "../pool/task.ts";
import { type Disk, readFully, withFile, writeWholeFile } from "../system/disk.ts";
import { systemCode } from "../system/system-error.ts";
import type { StorePlan } from "./store-plan.ts";
import { layOutTile, storedHeaderBytes } from "./stored-layout.ts";
import { readTileHeader, type TileHeader, writeTileHeader } from "./tile-header.ts";

export interface StoreTileJob {
  /** Where the file will be. */
  readonly file: string;
  /** Where it is until then: on the same disk, under a name of its own. */
  readonly draft: string;
  readonly plan: StorePlan;
  readonly identity: string;
  readonly engine: string;
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
  readonly sharp: boolean;
}

/** @throws IoError naming the file; nothing new is there then */
export function storeTile(job: StoreTileJob, disk: Disk): void {
  writeWholeFile(disk, job.file, bytesOf(job), job);
}

function bytesOf(job: StoreTileJob): Buffer {
  const { plan, identity, engine, index, read, source, copied, flat, sharp } = job;
  const masked = source.valid !== undefined;
  const { sections, byteLength } = layOutTile(plan, index, masked);
  const file = Buffer.from(borrowBytes(byteLength).fill(0).buffer, 0, byteLength);
  const put = (extent: { readonly offset: number } | undefined, values: ArrayBufferView): void => {
    if (extent === undefined) return;
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), extent.offset);
  };
  for (const section of sections) {
    const { rect } = section.block;
    const piece = cutPiece(job, read, rect);
    put(section.residual, piece);
    if (section.residual !== undefined && section.source === undefined) {
      freeBuffers(piece);
      continue;
    }
    const under = crop(source, { ...rect, x: rect.x - read.x, y: rect.y - read.y });
    put(section.source, under.samples);
    if (under.valid) put(section.valid, under.valid);
    if (section.samples === undefined) freeBuffers(piece, under.samples);
    else {
      const samples = quantise(under, piece, plan.radiometry, plan.outputType);
      put(section.samples, samples);
      freeBuffers(piece, under.samples, samples);
    }
  }
  const checksum = crc32(file.subarray(storedHeaderBytes));
  const length = { byteLength, checksum };
  writeTileHeader(file, { identity, engine, index, masked, copied, flat, sharp, ...length });
  return file;
}

export interface CheckTileJob {
  readonly file: string;
  readonly plan: StorePlan;
  readonly identity: string;
  /** undefined: tiles of any engine are accepted. */
  readonly engine: string | undefined;
  readonly index: number;
}

/**
 * What the file says of its tile; undefined where it is missing, or not that tile of that run, whole: then the tile
 * is computed again. @throws IoError where that would not help
 */
export function checkTile(job: CheckTileJob, disk: Disk): TileHeader | undefined {
  try {
    return withFile(disk, job.file, "r", (fd) => readTile(fd, job, disk));
  } catch (error) {
    const code = error instanceof IoError ? systemCode(error.cause) : undefined;
    // Blocks of the disk that cannot be read are a torn file.
    if (code === "ENOENT" || code === "EIO") return undefined;
    throw error;
  }
}

function readTile(
  fd: number,
  { plan, identity, engine, index }: CheckTileJob,
  disk: Disk,
): TileHeader | undefined {
  const start = Buffer.alloc(storedHeaderBytes);
  if (!readFully(disk, fd, start, 0)) return undefined;
  const header = readTileHeader(start);
  if (header?.identity !== identity || header.index !== index) return undefined;
  if (engine !== undefined && header.engine !== engine) return undefined;
  // The length follows from the plan, so that a wrong one allocates nothing.
  const { byteLength } = layOutTile(plan, index, header.masked);
  if (header.byteLength !== byteLength || disk.size(fd) !== byteLength) return undefined;
  const rest = borrowBytes(byteLength - storedHeaderBytes);
  if (!readFully(disk, fd, rest, storedHeaderBytes)) return undefined;
  return crc32(rest) === header.checksum ? header : undefined;
}
