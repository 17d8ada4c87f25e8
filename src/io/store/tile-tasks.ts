/**
 * What threads do with the files of stored tiles. An error of ours would lose its class between threads, so a task
 * answers with what it made or with what was refused, and the other side throws it again.
 */
import { IoError } from "../../errors.ts";
import { freeBuffers } from "../../free-buffers.ts";
import type { Raster } from "../../image/raster.ts";
import { owned, whole } from "../pool/owned.ts";
import type { Disk } from "../system/disk.ts";
import { systemMessage } from "../system/system-error.ts";
import { type ReadTilesJob, readTiles } from "./read-tiles.ts";
import { type CheckTileJob, checkTile, type StoreTileJob, storeTile } from "./store-tile.ts";
import type { TileHeader } from "./tile-header.ts";

/** All fail with an IoError naming the file. */
export interface TileFiles {
  /** Makes a tile's file. The job's buffers move and are unusable afterwards. */
  store(job: StoreTileJob): Promise<void>;
  /** What a tile's file says of it; undefined where it is not that tile, whole. */
  check(job: CheckTileJob): Promise<TileHeader | undefined>;
  /** A rectangle of the finished picture; all tiles that reach into it are there. */
  read(job: ReadTilesJob): Promise<Raster>;
}

export type Answer<T> =
  | { readonly value: T }
  | { readonly refused: { readonly path: string; readonly problem: string } };

/** By name. */
export interface TileTasks {
  storeTileFile(job: StoreTileJob): Answer<void>;
  checkTileFile(job: CheckTileJob): Answer<TileHeader | undefined>;
  readTileFiles(job: ReadTilesJob): Answer<Raster>;
}

export function tileTasksOn(disk: Disk): TileTasks {
  return {
    storeTileFile(job) {
      const stored = answer(() => storeTile(job, disk));
      freeBuffers(job.source.samples, job.residual);
      return stored;
    },
    checkTileFile: (job) => answer(() => checkTile(job, disk)),
    readTileFiles: (job) => answer(() => readTiles(job, disk)),
  };
}

/** The other side: `run` has a thread do the task called `name`. */
export function tileFilesBy(
  run: <T>(name: keyof TileTasks, job: object, moved: ArrayBuffer[]) => Promise<Answer<T>>,
): TileFiles {
  return {
    async store(job) {
      const source = owned(job.source);
      const residual = whole(job.residual) ? job.residual : job.residual.slice();
      const moved = [source.samples.buffer, residual.buffer];
      granted(await run("storeTileFile", { ...job, source, residual }, moved));
    },
    check: async (job) => granted(await run("checkTileFile", job, [])),
    read: async (job) => granted(await run("readTileFiles", job, [])),
  };
}

function answer<T>(call: () => T): Answer<T> {
  try {
    return { value: call() };
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    const { path, message, cause } = error;
    const problem = cause === undefined ? message.slice(`${path}: `.length) : systemMessage(cause);
    return { refused: { path, problem } };
  }
}

function granted<T>(answer: Answer<T>): T {
  if ("value" in answer) return answer.value;
  throw new IoError(answer.refused.path, answer.refused.problem);
}
