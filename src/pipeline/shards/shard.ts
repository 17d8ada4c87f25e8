/** The parts of a planned run, and which divisions into parts were begun: that is written beside the tiles. */
import { join } from "node:path";
import { type Disk, namingPath, withFile, writeFully } from "../../io/system/disk.ts";
import { inRanges } from "../../text/words.ts";
import type { TileRange } from "../store-image.ts";

/** One of how many, from 1. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/** The tiles of a shard: all shards together have each tile once. */
export function tilesOfShard({ index, of }: Shard, count: number): TileRange {
  const cut = (shards: number): number => Math.floor((shards * count) / of);
  return { start: cut(index - 1), end: cut(index) };
}

/** Notes that a shard of the run in `folder` was begun; a second time it is no news. @throws IoError */
export function markBegun(folder: string, { index, of }: Shard, disk: Disk): void {
  const marks = marksIn(folder);
  const path = join(marks, `${index}-of-${of}`);
  namingPath(path, () => disk.makeFolder(marks));
  withFile(disk, path, "a", (fd) => writeFully(disk, fd, Buffer.from("\n")));
}

/**
 * Whose the tiles are that are missing, in every division that was begun: "1, 3–4 of 4"; empty where the run was
 * never divided. @throws IoError
 */
export function shardsOf(
  missing: readonly number[],
  { folder, count, disk }: { readonly folder: string; readonly count: number; readonly disk: Disk },
): string {
  return divisionsIn(folder, disk)
    .map((of) => `${inRanges(ownersOf(missing, of, count))} of ${of}`)
    .join(" or ");
}

function ownersOf(tiles: readonly number[], of: number, count: number): readonly number[] {
  // The i that tilesOfShard gives the tile: ⌊(i − 1)·count/of⌋ ≤ tile < ⌊i·count/of⌋.
  const owners = tiles.map((tile) => Math.floor(((tile + 1) * of - 1) / count) + 1);
  return [...new Set(owners)];
}

/** Numbers of shards, ascending. */
function divisionsIn(folder: string, disk: Disk): readonly number[] {
  const marks = marksIn(folder);
  if (!namingPath(folder, () => disk.list(folder)).includes(marksName)) return [];
  const numbers = namingPath(marks, () => disk.list(marks)).flatMap((name) => {
    const of = /^\d+-of-(\d+)$/.exec(name)?.[1];
    return of === undefined ? [] : [Number(of)];
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}

const marksName = "shards";

function marksIn(folder: string): string {
  return join(folder, marksName);
}
