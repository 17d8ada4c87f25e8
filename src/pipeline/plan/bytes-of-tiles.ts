/** What the files of a run's tiles take of the disk already. */
import { statSync } from "node:fs";
import { tileFile, tilesIn } from "../../io/store/tile-names.ts";
import { listTiles } from "../../io/store/tile-store.ts";
import { systemDisk } from "../../io/system/disk.ts";
import type { TileRange } from "../store-image.ts";

/** Bytes of tiles in the folder of a run, those of a range or all. @throws IoError */
export function bytesOfTiles(
  folder: string,
  { start, end }: TileRange = { start: 0, end: Number.POSITIVE_INFINITY },
): number {
  const tiles = tilesIn(folder);
  return listTiles(tiles, systemDisk)
    .filter((index) => index >= start && index < end)
    .map((index) => statSync(tileFile(tiles, index), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}
