/**
 * The stored tiles of a run, in its folder: `tiles/000/000123.tile`, one file a tile. There is no list beside
 * them that could say something else than they do: a file is its own entry, believed when its header names this
 * run and this tile and its checksum is right.
 */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { from, lastValueFrom, tap } from "rxjs";
import { IoError } from "../../errors.ts";
import { admit } from "../../operators/admit.ts";
import type { TileStore } from "../../operators/store.ts";
import { systemCode, systemMessage } from "../system-error.ts";
import type { CpuPool } from "../workers/pool.ts";
import type { StorePlan } from "./tile-layout.ts";

export interface StoredTiles extends TileStore {
  /** Tiles that are there. */
  readonly count: number;
  /** Found, but not what they should be: they are computed again. */
  readonly refused: number;
  /** Left as they were, of those that are there: because they failed, because they are flat. */
  readonly copied: readonly number[];
  readonly flat: number;
  fileOf(index: number): string;
}

export interface TileStoreOptions {
  readonly plan: StorePlan;
  /** Of the run: 16 bytes, hex. */
  readonly identity: string;
  readonly pool: CpuPool;
  readonly threads: number;
  readonly signal: AbortSignal;
}

/**
 * Opens the store of a run's folder and reads every tile in it; what is torn, stale or misplaced counts as not
 * there. Nothing is held open.
 * @throws IoError where the folder cannot be read or made
 */
export async function openTileStore(
  folder: string,
  { plan, identity, pool, threads, signal }: TileStoreOptions,
): Promise<StoredTiles> {
  const tiles = join(folder, "tiles");
  const fileOf = (index: number): string => join(tiles, groupOf(index), `${digits(index)}.tile`);
  const there = new Set<number>();
  const copied: number[] = [];
  const made = new Set<string>();
  let flat = 0;
  let refused = 0;

  const found = await listTiles(tiles);
  await lastValueFrom(
    admit(found, 2 * threads, (index) => {
      signal.throwIfAborted();
      return from(pool.checkTile({ file: fileOf(index), plan, identity, index })).pipe(
        tap((header) => {
          if (header === undefined) refused++;
          else {
            there.add(index);
            if (header.copied) copied.push(index);
            if (header.flat) flat++;
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
      return copied.toSorted((a, b) => a - b);
    },
    get flat() {
      return flat;
    },
    fileOf,
    has: (index) => there.has(index),
    async put({ tile, source, residual, width, height, copied: error, flat: isFlat }) {
      const { index, read } = tile;
      const file = fileOf(index);
      const group = groupOf(index);
      if (!made.has(group)) {
        await mkdir(join(tiles, group), { recursive: true }).catch((cause: unknown) => {
          throw new IoError(file, systemMessage(cause), { cause });
        });
        made.add(group);
      }
      const result = { source, residual, width, height, copied: error !== undefined, flat: isFlat };
      await pool.storeTile({ file, plan, identity, index, read, ...result });
      there.add(index);
      if (result.copied) copied.push(index);
      if (result.flat) flat++;
    },
  };
}

/** A folder holds a thousand tiles, as more make some disks slow. */
function groupOf(index: number): string {
  return digits(Math.floor(index / 1000)).slice(-6);
}

function digits(value: number): string {
  return String(value).padStart(6, "0");
}

/** The indices of the files there, ascending; none where there is no folder yet. */
async function listTiles(tiles: string): Promise<readonly number[]> {
  const entries = await readdir(tiles, { recursive: true }).catch((cause: unknown) => {
    if (systemCode(cause) === "ENOENT") return [];
    throw new IoError(tiles, systemMessage(cause), { cause });
  });
  return entries
    .flatMap((entry) => {
      const [, name] = /^\d{6,}[\\/](\d{6,})\.tile$/.exec(entry) ?? [];
      return name === undefined ? [] : [Number(name)];
    })
    .sort((a, b) => a - b);
}
