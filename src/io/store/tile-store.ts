/**
 * Stores the tiles of a run in its folder. There is no list beside them that could disagree: a file is its own entry,
 * accepted when its header names this run and this tile and its checksum is right.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { from, lastValueFrom, tap } from "rxjs";
import type { ImageSource } from "../../image/raster.ts";
import { planGrid } from "../../image/tiling/grid.ts";
import { admit } from "../../operators/flow/admit.ts";
import type { TileStore } from "../../operators/stages/store.ts";
import type { Rect } from "../../rect.ts";
import type { Pool } from "../pool/pool.ts";
import { type Disk, namingPath } from "../system/disk.ts";
import type { StorePlan } from "./store-plan.ts";
import { listTiles, tileFile, tileGroup, tilesIn } from "./tile-names.ts";
import { tileFilesIn } from "./tile-tasks.ts";

export interface StoredTiles extends TileStore {
  /** Number of stored tiles. */
  readonly count: number;
  /** Found, but not what they should be: they are computed again. */
  readonly refused: number;
  /** Those there, ascending, that another engine computed. */
  readonly mixed: readonly number[];
  /** Cores of those there that were left as they were because they failed. */
  readonly copied: readonly Rect[];
  /** How many of those there were left as they were because they are flat. */
  readonly flat: number;
  /** Likewise, because they are sharp. */
  readonly sharp: number;
  /** The finished image; a rectangle can be read when the tiles that reach into it are there. */
  readonly image: ImageSource;
}

export interface TileStoreOptions {
  readonly plan: StorePlan;
  /** Of the run and of its engine: 16 bytes each, hex. */
  readonly identity: string;
  readonly engine: string;
  /** Tiles of other engines count, too. */
  readonly anyEngine?: boolean;
  /** A folder of this process alone, on the disk of the run's. */
  readonly work: string;
  /** Only tiles from `start` up to but not including `end` are looked for; undefined: all. */
  readonly range?: { readonly start: number; readonly end: number };
  /** Stays the caller's to close. */
  readonly pool: Pool;
  readonly disk: Disk;
  readonly signal: AbortSignal;
}

/**
 * Opens the store of a run's folder and reads every tile in it; what is torn, stale or misplaced counts as not
 * there. Nothing is held open.
 * @throws IoError where the folder cannot be read or made
 */
export async function openTileStore(
  folder: string,
  options: TileStoreOptions,
): Promise<StoredTiles> {
  const { plan, identity, engine, anyEngine = false, work, pool, disk, signal } = options;
  const { range = { start: 0, end: Number.POSITIVE_INFINITY } } = options;
  const files = tileFilesIn(pool);
  const tiles = tilesIn(folder);
  const grid = planGrid(plan.grid);
  const there = new Set<number>();
  const copied = new Set<number>();
  const mixed = new Set<number>();
  const made = new Set<string>();
  let flat = 0;
  let sharp = 0;
  let refused = 0;

  const found = listTiles(tiles, disk, range);
  const wanted = anyEngine ? undefined : engine;
  await lastValueFrom(
    admit(found, 2 * pool.threads, (index) => {
      signal.throwIfAborted();
      const file = tileFile(tiles, index);
      return from(files.check({ file, plan, identity, engine: wanted, index })).pipe(
        tap((header) => {
          if (header === undefined) refused++;
          else {
            there.add(index);
            if (header.engine !== engine) mixed.add(index);
            if (header.copied) copied.add(index);
            if (header.flat) flat++;
            if (header.sharp) sharp++;
          }
        }),
      );
    }),
    { defaultValue: undefined },
  );

  return {
    get count() {
      return there.size;
    },
    refused,
    get copied() {
      return [...copied].sort((a, b) => a - b).map((index) => grid.tile(index).core);
    },
    get mixed() {
      return [...mixed].sort((a, b) => a - b);
    },
    get flat() {
      return flat;
    },
    get sharp() {
      return sharp;
    },
    image: {
      width: plan.grid.width,
      height: plan.grid.height,
      channels: plan.channels,
      sampleType: plan.outputType,
      radiometry: plan.radiometry,
      async read(rect, reading) {
        reading.signal.throwIfAborted();
        return files.read({ plan, tiles, identity, rect });
      },
    },
    has: (index) => there.has(index),
    async put({ tile, source, residual, width, height, copied: error, ...passed }) {
      const { index, read } = tile;
      const file = tileFile(tiles, index);
      const group = tileGroup(tiles, index);
      if (!made.has(group)) {
        for (const folder of [tiles, group]) namingPath(file, () => disk.makeFolder(folder));
        made.add(group);
      }
      const draft = join(work, `${index}-${randomUUID()}`);
      const why = { copied: error !== undefined, flat: passed.flat, sharp: passed.sharp === true };
      const result = { source, residual, width, height, ...why };
      await files.store({ file, draft, plan, identity, engine, index, read, ...result });
      there.add(index);
      if (result.copied) copied.add(index);
      if (result.flat) flat++;
      if (result.sharp) sharp++;
    },
  };
}
