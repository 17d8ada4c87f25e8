/** Makes, checks and reads the files of stored tiles in threads of the pool. */
import { freeBuffers } from "../../free-buffers.ts";
import type { Raster } from "../../image/raster.ts";
import type { Pool } from "../pool/pool.ts";
import { moved, owned, type PoolTask, poolTask, whole } from "../pool/task.ts";
import { type Answer, answer, granted } from "../pool/task-answer.ts";
import { type Disk, systemDisk } from "../system/disk.ts";
import { type ReadTilesJob, readTiles } from "./read-tiles.ts";
import { type CheckTileJob, checkTile, type StoreTileJob, storeTile } from "./store-tile.ts";
import type { TileHeader } from "./tile-header.ts";

/** The task: makes a tile's file. Tests bring a disk. */
export function storeTileFile(job: StoreTileJob, disk: Disk = systemDisk): Answer<void> {
  const stored = answer(() => storeTile(job, disk));
  freeBuffers(job.source.samples, job.residual);
  return stored;
}

/** The task: reads a tile's file, all of it. */
export function checkTileFile(
  job: CheckTileJob,
  disk: Disk = systemDisk,
): Answer<TileHeader | undefined> {
  return answer(() => checkTile(job, disk));
}

/** The task: reads a rectangle of the image from the files of its tiles. */
export function readTileFiles(job: ReadTilesJob, disk: Disk = systemDisk): Answer<Raster> {
  const read = answer(() => readTiles(job, disk));
  return "value" in read ? moved(read, [read.value.samples.buffer]) : read;
}

const storeTileFileIn: PoolTask<typeof storeTileFile> = poolTask(
  "storeTileFile",
  ({ source, residual }) => [source.samples.buffer, residual.buffer],
);
const checkTileFileIn: PoolTask<typeof checkTileFile> = poolTask("checkTileFile");
const readTileFilesIn: PoolTask<typeof readTileFiles> = poolTask("readTileFiles");

/** All fail with an IoError naming the file. */
export interface TileFiles {
  /** Makes a tile's file. The job's buffers move and are unusable afterwards. */
  store(job: StoreTileJob): Promise<void>;
  /** What a tile's file says of it; undefined where it is not that tile, whole. */
  check(job: CheckTileJob): Promise<TileHeader | undefined>;
  /** A rectangle of the finished image; all tiles that reach into it are stored. */
  read(job: ReadTilesJob): Promise<Raster>;
}

export function tileFilesIn(pool: Pool): TileFiles {
  const [store, check, read] = [
    storeTileFileIn(pool),
    checkTileFileIn(pool),
    readTileFilesIn(pool),
  ];
  return {
    async store(job) {
      const residual = whole(job.residual) ? job.residual : job.residual.slice();
      granted(await store({ ...job, source: owned(job.source), residual }));
    },
    check: async (job) => granted(await check(job)),
    read: async (job) => granted(await read(job)),
  };
}
