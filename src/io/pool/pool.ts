/**
 * CPU work off the main thread, in a piscina pool. Tiles and blocks go in and their buffers move with
 * them; how many are under way is the pipe's business, not the pool's.
 */

import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import { IoError } from "../../errors.ts";
import type { Convert, Raster } from "../../image/raster.ts";
import type { KernelBatch, PairBatch } from "../../model/training/stages.ts";
import type { MakePair, TrainingPair } from "../../operators/pairs/synthesize.ts";
import type * as worker from "../../pool-worker.ts";
import type { Converted, ConvertTask } from "../../pool-worker.ts";
import type { ImagePair, MakeImagePair } from "../../tools/pairs/make-image-pair.ts";
import type { KernelBatchJob, PairBatchJob } from "../../tools/train/training-batches.ts";
import type { TileJob } from "../formats/tiff/write/encode-tile.ts";
import type { HalvingJob } from "../formats/tiff/write/halve-tiles.ts";
import type { ReadJob } from "../formats/tiff/write/read-rows.ts";
import type { StoreJob } from "../formats/tiff/write/store-rows.ts";
import { type TileFiles, tileFilesBy } from "../store/tile-tasks.ts";
import { owned, whole } from "./owned.ts";

type EvaluationTasks = Pick<
  typeof worker,
  | "alignImages"
  | "baselineTile"
  | "compareBand"
  | "developBlock"
  | "laplacianBand"
  | "meanSquareOf"
  | "reblurTile"
>;

/** Threads for what costs CPU time beside the engine. Pipelines of your own need `convert` and `makePair`. */
export interface CpuPool {
  readonly threads: number;
  /** Samples to what the net sees. The source's buffer moves there and back: use the returned one. */
  readonly convert: Convert;
  /**
   * Quantises a block and writes its rows; without a residual, as they are. The block's buffers move and are unusable afterwards; the file
   * must stay open until this settles. @throws IoError naming `job.path` where the disk refuses.
   */
  store(job: StoreJob): Promise<void>;
  /** Makes a training pair. The patch's buffers move and are unusable afterwards. */
  readonly makePair: MakePair;
  /** Makes a pair of pictures. The cut's pixels move and are unusable afterwards. */
  readonly makeImagePair: MakeImagePair;
  /** Puts a batch of training together. The pairs' buffers move and are unusable afterwards. */
  pairBatch(job: PairBatchJob): Promise<PairBatch>;
  /** Simulates a batch of kernels. */
  kernelBatch(job: KernelBatchJob): Promise<KernelBatch>;
  /** A rectangle of a file of contiguous rows, which must stay open until this settles. */
  readRows(job: ReadJob): Promise<Raster>;
  /** The bytes of each plane of a TIFF tile. The raster's buffer moves and is unusable afterwards. */
  encodeTile(job: TileJob): Promise<readonly Uint8Array<ArrayBuffer>[]>;
  /** A tile of an overview; the file must stay open until this settles. */
  halveTiles(job: HalvingJob): Promise<Raster>;
  /** Runs a task of an evaluation, by its name; `buffers` move and are unusable afterwards. */
  evaluate<Name extends keyof EvaluationTasks>(
    name: Name,
    job: Parameters<EvaluationTasks[Name]>[0],
    buffers?: readonly ArrayBuffer[],
  ): Promise<ReturnType<EvaluationTasks[Name]>>;
  /** What is done with the files of stored tiles. */
  readonly tileFiles: TileFiles;
  /** Lets what is under way finish, then ends the threads. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts the threads; whoever opens the pool closes it. `threads` defaults to the machine's, `entry` to
 * the compiled worker beside this file.
 */
export function openPool(
  options: { readonly threads?: number; readonly entry?: URL } = {},
): CpuPool {
  const threads = options.threads ?? availableParallelism();
  const piscina = new Piscina({
    filename: (options.entry ?? new URL("../../pool-worker.js", import.meta.url)).href,
    minThreads: threads,
    maxThreads: threads,
    // Else a thread's young objects grow to 48 MB, late in a long run and in no thread at the same time.
    resourceLimits: { maxYoungGenerationSizeMb: 12 },
  });
  const loading = piscina.threads.map(loaded);
  const underWay = new Set<Promise<unknown>>();
  let ending: Promise<void> | undefined;
  // No signal is handed to piscina: aborting a running task would kill its thread and its neighbours.
  const run = async <T>(name: string, task: object, transferList: ArrayBuffer[]): Promise<T> => {
    if (ending !== undefined) throw new Error("the worker pool is closed");
    const answer: Promise<T> = piscina.run(task, { name, transferList });
    underWay.add(answer);
    try {
      return await answer;
    } finally {
      underWay.delete(answer);
    }
  };
  const end = async (): Promise<void> => {
    // Destroying now would stop threads inside a write, on a descriptor its owner is about to close.
    await Promise.allSettled(underWay);
    // A task that needed a thread was told why it cannot load; from here on nobody needs one.
    piscina.on("error", () => {});
    // A thread that is stopped while it loads its tasks may take the process with it (134).
    for (const thread of piscina.threads) thread.ref();
    await Promise.all(loading);
    await piscina.destroy();
  };
  return {
    threads,
    async convert(source, padded, { radiometry, signal }) {
      signal.throwIfAborted();
      const own = owned(source);
      const task: ConvertTask = { source: own, padded, radiometry };
      const converted = await run<Converted>("convertTile", task, [own.samples.buffer]);
      signal.throwIfAborted();
      return converted;
    },
    async store(job) {
      const source = owned(job.source);
      const { residual: given } = job;
      const residual = given === undefined || whole(given) ? given : given.slice();
      const moved = residual === undefined ? [] : [residual.buffer];
      const refusal = await run<string | undefined>("storeBlock", { ...job, source, residual }, [
        source.samples.buffer,
        ...moved,
      ]);
      if (refusal !== undefined) throw new IoError(job.path, refusal);
    },
    async makePair(job, { signal }) {
      signal.throwIfAborted();
      const { sharp, blurry } = job.patch;
      const buffers = blurry === undefined ? [sharp.buffer] : [sharp.buffer, blurry.buffer];
      const pair = await run<TrainingPair>("synthesizePair", job, buffers);
      signal.throwIfAborted();
      return pair;
    },
    async makeImagePair(job, { signal }) {
      signal.throwIfAborted();
      const pair = await run<ImagePair>("synthesizeImages", job, [job.patch.sharp.buffer]);
      signal.throwIfAborted();
      return pair;
    },
    pairBatch(job) {
      const buffers = job.pairs.flatMap(({ sharp, blurry }) => [sharp.buffer, blurry.buffer]);
      return run<PairBatch>("makePairBatch", job, buffers);
    },
    kernelBatch: (job) => run<KernelBatch>("makeKernelBatch", job, []),
    readRows: (job) => run<Raster>("readRectangle", job, []),
    encodeTile(job) {
      const raster = owned(job.raster);
      const { buffer } = raster.samples;
      return run<readonly Uint8Array<ArrayBuffer>[]>("encodeTiffTile", { ...job, raster }, [
        buffer,
      ]);
    },
    halveTiles: (job) => run<Raster>("halveTiffTiles", job, []),
    evaluate: (name, job, buffers = []) => run(name, job, [...buffers]),
    tileFiles: tileFilesBy((name, job, moved) => run(name, job, moved)),
    close() {
      ending ??= end();
      return ending;
    },
  };
}

/** Settles when a thread of the pool has loaded its tasks, which is the first it says, or has ended. */
function loaded(thread: Worker): Promise<unknown> {
  return new Promise((resolve) => thread.once("message", resolve).once("exit", resolve));
}
