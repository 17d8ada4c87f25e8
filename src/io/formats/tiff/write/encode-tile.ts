/**
 * Encodes a tile of samples as the bytes of a TIFF tile, in a thread of the pool: filled up to the tile's size with
 * zeros, one plane or one a channel, differences instead of values where that deflates better, in the byte order of
 * the file.
 */
import { deflateSync } from "node:zlib";
import { freeBuffers } from "../../../../free-buffers.ts";
import type { Raster } from "../../../../image/raster.ts";
import {
  bitsOf,
  createSamples,
  type Samples,
  type SampleType,
  sampleTypeOf,
} from "../../../../image/samples.ts";
import type { Pool } from "../../../pool/pool.ts";
import { moved, owned, type PoolTask, poolTask, whole } from "../../../pool/task.ts";

interface TileJob {
  /** At most as large as the tile; smaller at the right and bottom edge. */
  readonly raster: Raster;
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Each channel is a tile of its own. */
  readonly planar: boolean;
  /** One bit a pixel, set where the one channel is not 0. */
  readonly asBits: boolean;
  readonly littleEndian: boolean;
  readonly deflate: boolean;
  /** Store differences: along a row (integers), or of its byte planes (floats). */
  readonly predict: boolean;
}

const machineIsLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The bytes of each plane, each on a buffer of its own. */
type EncodedPlanes = readonly Uint8Array<ArrayBuffer>[];

/** The task: encodes a tile. */
export function encodeTiffTile(job: TileJob): EncodedPlanes {
  const planes = planesOf(job);
  const { samples } = job.raster;
  if (planes.every(({ buffer }) => buffer !== samples.buffer)) freeBuffers(samples);
  return moved(
    planes,
    planes.map(({ buffer }) => buffer),
  );
}

const encodeTiffTileIn: PoolTask<typeof encodeTiffTile> = poolTask(
  "encodeTiffTile",
  ({ raster }) => [raster.samples.buffer],
);

/** Encodes tiles in `pool`. The raster's buffer moves and is unusable afterwards. */
export function encodeTileIn(pool: Pool): (job: TileJob) => Promise<EncodedPlanes> {
  const encode = encodeTiffTileIn(pool);
  return (job) => encode({ ...job, raster: owned(job.raster) });
}

function planesOf(job: TileJob): EncodedPlanes {
  const { raster, planar, asBits } = job;
  if (asBits) return [finished(packedBits(job), job)];
  const stride = planar ? 1 : raster.channels;
  const planes = planar ? Array.from({ length: raster.channels }, (_, channel) => channel) : [0];
  return planes.map((channel) => {
    const samples = placed(job, channel, stride);
    return finished(ordered(samples, stride, job), job);
  });
}

/** `stride` channels from `channel` on, in a tile of the full size. */
function placed(
  { raster, tileWidth, tileHeight }: TileJob,
  channel: number,
  stride: number,
): Samples {
  const { width, height, channels, samples } = raster;
  if (stride === channels && width === tileWidth && height === tileHeight) return samples;
  const tile = createSamples(sampleTypeOf(samples), tileWidth * tileHeight * stride);
  for (let row = 0; row < height; row++) {
    const from = row * width * channels;
    const to = row * tileWidth * stride;
    if (stride === channels) tile.set(samples.subarray(from, from + width * channels), to);
    else {
      for (let x = 0; x < width; x++)
        tile[to + x] = samples[from + x * channels + channel] as number;
    }
  }
  return tile;
}

/** First bit on the left, rows begin at a byte. */
function packedBits({ raster, tileWidth, tileHeight }: TileJob): Uint8Array<ArrayBuffer> {
  const { width, height, samples } = raster;
  const rowBytes = Math.ceil(tileWidth / 8);
  const bytes = new Uint8Array(rowBytes * tileHeight);
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < width; x++) {
      if (samples[row * width + x] === 0) continue;
      const at = row * rowBytes + (x >> 3);
      bytes[at] = (bytes[at] as number) | (0x80 >> (x & 7));
    }
  }
  return bytes;
}

/** Differences taken if asked for, bytes in the file's order. */
function ordered(
  samples: Samples,
  stride: number,
  { tileWidth, littleEndian, predict }: TileJob,
): Uint8Array<ArrayBuffer> {
  const type = sampleTypeOf(samples);
  const row = tileWidth * stride;
  // Byte planes have an order of their own, whatever the file's.
  if (predict && type.startsWith("float")) return bytePlaneDifferences(samples, row, stride);
  if (predict) takeDifferences(samples, row, stride);
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  if (littleEndian !== machineIsLittle) swap(bytes, type);
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

/** Each sample minus the same channel of the pixel on its left, modulo the type (predictor 2). */
function takeDifferences(samples: Samples, row: number, stride: number): void {
  for (let start = 0; start < samples.length; start += row) {
    for (let at = start + row - 1; at >= start + stride; at--) {
      samples[at] = (samples[at] as number) - (samples[at - stride] as number);
    }
  }
}

/**
 * Predictor 3 (Adobe Photoshop TIFF Technical Note 3): in each row the most significant bytes of all samples, then
 * the next ones …; then each byte minus the byte `stride` before it.
 */
function bytePlaneDifferences(
  samples: Samples,
  row: number,
  stride: number,
): Uint8Array<ArrayBuffer> {
  const from = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const to = new Uint8Array(from.length);
  const size = samples.BYTES_PER_ELEMENT;
  const rowBytes = row * size;
  for (let start = 0; start < from.length; start += rowBytes) {
    for (let plane = 0; plane < size; plane++) {
      const byte = machineIsLittle ? size - 1 - plane : plane;
      const begin = start + plane * row;
      for (let i = 0; i < row; i++) to[begin + i] = from[start + i * size + byte] as number;
    }
    for (let at = start + rowBytes - 1; at >= start + stride; at--) {
      to[at] = (to[at] as number) - (to[at - stride] as number);
    }
  }
  return to;
}

function swap(bytes: Buffer, type: SampleType): void {
  const bits = bitsOf(type);
  if (bits === 16) bytes.swap16();
  else if (bits === 32) bytes.swap32();
  else if (bits === 64) bytes.swap64();
}

function finished(bytes: Uint8Array<ArrayBuffer>, { deflate }: TileJob): Uint8Array<ArrayBuffer> {
  const result = deflate ? deflateSync(bytes, { chunkSize: 2 ** 18 }) : bytes;
  // A window of a larger buffer cannot move between threads without its neighbours.
  return whole(result) ? (result as Uint8Array<ArrayBuffer>) : new Uint8Array(result);
}
