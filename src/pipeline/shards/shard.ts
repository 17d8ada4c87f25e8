/** Divides a planned run into shards, and records beside the tiles which divisions were begun. */
import { join } from "node:path";
import { type Disk, namingPath, withFile, writeFully } from "../../io/system/disk.ts";
import { inRanges } from "../../text/words.ts";
import type { TileRange } from "../store-image.ts";

/** Shard `index` of `of`, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/** Returns the tiles of a shard. All shards together hold each tile once. */
export function tilesOfShard({ index, of }: Shard, count: number): TileRange {
  const cut = (shards: number): number => Math.floor((shards * count) / of);
  return { start: cut(index - 1), end: cut(index) };
}

/** Records that a shard of the run in `folder` was begun. Idempotent. @throws IoError */
export function markBegun(folder: string, { index, of }: Shard, disk: Disk): void {
  const marks = marksIn(folder);
  const path = join(marks, `${index}-of-${of}`);
  namingPath(path, () => disk.makeFolder(marks));
  withFile(disk, path, "a", (fd) => writeFully(disk, fd, Buffer.from("\n")));
}

/**
 * Returns the shards of the missing tiles, for every division that was begun: "1, 3–4 of 4". Empty if the run was never
 * divided. @throws IoError
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

/** Returns the divisions that were begun, as numbers of shards, ascending. */
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
