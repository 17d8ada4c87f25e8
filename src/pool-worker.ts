/**
 * The tasks of a pool thread, by name. All are synchronous: between tasks the thread sleeps in
 * Atomics.wait, where nothing left unawaited would go on.
 */
import { move, transferableSymbol, valueSymbol } from "piscina";
import { freeBuffers } from "./free-buffers.ts";
import { convert, isFlat } from "./image/convert.ts";
import type { Radiometry } from "./image/radiometry.ts";
import type { Raster } from "./image/raster.ts";
import { encodeTile, type TileJob } from "./io/formats/tiff/write/encode-tile.ts";
import { type HalvingJob, halveTiles } from "./io/formats/tiff/write/halve-tiles.ts";
import { type ReadJob, readRows } from "./io/formats/tiff/write/read-rows.ts";
import { type StoreJob, store } from "./io/formats/tiff/write/store-rows.ts";
import type { ReadTilesJob } from "./io/store/read-tiles.ts";
import { type Answer, type TileTasks, tileTasksOn } from "./io/store/tile-tasks.ts";
import { systemDisk } from "./io/system/disk.ts";
import { systemCode, systemMessage } from "./io/system/system-error.ts";
import type { KernelBatch, PairBatch } from "./model/training/stages.ts";
import type { PairJob, TrainingPair } from "./operators/pairs/synthesize.ts";
import {
  type ImageCut,
  type ImagePair,
  type ImageRecipe,
  makeImagePair,
} from "./tools/pairs/make-image-pair.ts";
import { makePair } from "./tools/train/make-pair.ts";
import {
  assemblePairBatch,
  type KernelBatchJob,
  type PairBatchJob,
  simulateKernelBatch,
} from "./tools/train/training-batches.ts";

export {
  alignImages,
  baselineTile,
  compareBand,
  developBlock,
  laplacianBand,
  meanSquareOf,
} from "./tools/evaluate/evaluation-tasks.ts";
export { reblurTile } from "./tools/evaluate/reblur-tile.ts";

export interface ConvertTask {
  readonly source: Raster;
  readonly padded: { readonly width: number; readonly height: number };
  readonly radiometry: Radiometry;
}

export interface Converted {
  readonly source: Raster;
  readonly pixels: Float32Array<ArrayBuffer>;
  readonly flat: boolean;
}

/** Converts a tile and hands both its samples and its pixels back; the buffers move, they are not copied. */
export function convertTile({ source, padded, radiometry }: ConvertTask): Converted {
  const pixels = convert(source, padded, radiometry);
  return moved<Converted>({ source, pixels, flat: isFlat(pixels) }, [
    source.samples.buffer,
    pixels.buffer,
  ]);
}

/** Makes a training pair; its buffers move. */
export function synthesizePair(job: PairJob): TrainingPair {
  const pair = makePair(job);
  const { sharp, blurry, kernels } = pair;
  const buffers = [sharp.buffer, blurry.buffer];
  return moved(pair, kernels === undefined ? buffers : [...buffers, kernels.buffer]);
}

/** Makes a pair of pictures; its buffers move. */
export function synthesizeImages(job: PairJob<ImageCut, ImageRecipe>): ImagePair {
  const pair = makeImagePair(job);
  const { sharp, blurry, field } = pair;
  const ofField = field === undefined ? [] : [field.kernels.buffer, field.shares.buffer];
  return moved(pair, [sharp.buffer, blurry.buffer, ...ofField]);
}

/** Puts pairs and their noise together; the buffers move. */
export function makePairBatch(job: PairBatchJob): PairBatch {
  const batch = assemblePairBatch(job);
  const { sharp, blurry, noise } = batch;
  const buffers = [sharp.buffer, blurry.buffer];
  return moved(batch, noise === undefined ? buffers : [...buffers, noise.buffer]);
}

/** Simulates kernels; the buffer moves. */
export function makeKernelBatch(job: KernelBatchJob): KernelBatch {
  const batch = simulateKernelBatch(job);
  return moved(batch, [batch.kernels.buffer]);
}

/** An answer whose buffers are not copied. */
function moved<T>(value: T, buffers: ArrayBuffer[]): T {
  // piscina unwraps it on the way: the caller receives `value`.
  return move({ [transferableSymbol]: buffers, [valueSymbol]: value } as never) as unknown as T;
}

/**
 * Stores a block. Answers what the system said where the disk refused: an error of ours would lose its
 * class between threads.
 */
export function storeBlock(job: StoreJob): string | undefined {
  try {
    store(job);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return systemMessage(error);
  } finally {
    const { source, residual } = job;
    freeBuffers(source.samples, ...(residual === undefined ? [] : [residual]));
  }
  return undefined;
}

/** Reads a rectangle; its buffer moves. */
export function readRectangle(job: ReadJob): Raster {
  const raster = readRows(job);
  return moved(raster, [raster.samples.buffer]);
}

/** Encodes a tile; the buffers of its planes move. */
export function encodeTiffTile(job: TileJob): readonly Uint8Array<ArrayBuffer>[] {
  const planes = encodeTile(job);
  const { samples } = job.raster;
  if (planes.every(({ buffer }) => buffer !== samples.buffer)) freeBuffers(samples);
  return moved(
    planes,
    planes.map(({ buffer }) => buffer),
  );
}

/** Makes a tile of an overview; its buffer moves. */
export function halveTiffTiles(job: HalvingJob): Raster {
  const raster = halveTiles(job);
  return moved(raster, [raster.samples.buffer]);
}

const tileTasks = tileTasksOn(systemDisk);

/** Makes a tile's file. */
export const storeTileFile: TileTasks["storeTileFile"] = tileTasks.storeTileFile;

/** Reads a tile's file, all of it. */
export const checkTileFile: TileTasks["checkTileFile"] = tileTasks.checkTileFile;

/** Reads a rectangle of the picture from the files of its tiles; its buffer moves. */
export function readTileFiles(job: ReadTilesJob): Answer<Raster> {
  const answer = tileTasks.readTileFiles(job);
  return "value" in answer ? moved(answer, [answer.value.samples.buffer]) : answer;
}
