/**
 * Names the files of tiles (`000/000123.tile`) and lists those of a folder. A thousand files share a folder, because
 * some disks are slow with more. This file is apart from the store: planning needs it, but no code that reads tiles.
 */
import { join } from "node:path";
import { type Disk, namingPath } from "../system/disk.ts";
import { systemCode } from "../system/system-error.ts";

/** Where the tiles of the run in `folder` lie. */
export function tilesIn(folder: string): string {
  return join(folder, "tiles");
}

/** The folder below `tiles` in which a tile's file lies. */
export function tileGroup(tiles: string, index: number): string {
  return join(tiles, digits(Math.floor(index / groupSize), 3));
}

export function tileFile(tiles: string, index: number): string {
  return join(tileGroup(tiles, index), `${digits(index, 6)}.tile`);
}

/**
 * The indices from `start` up to but not including `end` of the files there, ascending; none where there is no folder
 * yet. Only folders that can hold them are listed.
 */
export function listTiles(
  tiles: string,
  disk: Disk,
  { start = 0, end = Number.POSITIVE_INFINITY }: { start?: number; end?: number } = {},
): readonly number[] {
  const isWithin = (index: number) => index >= start && index < end;
  const first = Math.floor(start / groupSize);
  return namingPath(tiles, () =>
    listOrNone(tiles, disk)
      .filter((group) => Number(group) >= first && Number(group) * groupSize < end)
      .flatMap((group) =>
        listOrNone(join(tiles, group), disk).flatMap((name) => indexOf(group, name) ?? []),
      )
      .filter(isWithin)
      .sort((a, b) => a - b),
  );
}

const groupSize = 1000;

/** A path that is no folder lists nothing. */
function listOrNone(folder: string, disk: Disk): readonly string[] {
  try {
    return disk.list(folder);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}

/** The index of the tile whose file in `tiles` has that name in that group; undefined where no tile's has. */
export function indexOf(group: string, name: string): number | undefined {
  const index = Number(/^(\d{6,})\.tile$/.exec(name)?.[1]);
  return tileFile("", index) === join(group, name) ? index : undefined;
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, "0");
}
