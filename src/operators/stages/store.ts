/** In goes a restored tile, out comes word that its result is kept: the end of its way where seams are made later. */
import { mergeMap, type OperatorFunction } from "rxjs";
import { type StageOptions, stage } from "./stage.ts";
import type { RestoredTile, WrittenTile } from "./tile.ts";

/** Where results of tiles wait for each other, outside memory: each tile's by itself, in any order. */
export interface TileStore {
  /** True for a tile whose result is there, whole, from this run or an earlier one. */
  has(index: number): boolean;
  /** Keep a tile's result; once it resolves, the tile never has to be computed again. */
  put(restored: RestoredTile, options: { signal: AbortSignal }): Promise<void>;
}

/**
 * Keep the tile's result and emit the tile when it is kept.
 *
 * RestoredTile → WrittenTile.
 *
 * **Warning**: nothing of the output exists yet; it is put together from the store when all tiles are in it.
 *
 *     of(restored).pipe(store(tiles, { timeout: 60 }))
 *
 * @throws TileError at stage write; the tile is not in the store then.
 */
export function store(
  tiles: TileStore,
  { timeout }: StageOptions,
): OperatorFunction<RestoredTile, WrittenTile> {
  return mergeMap((restored) => {
    const { tile, copied, flat, sharp } = restored;
    const put = async (signal: AbortSignal): Promise<WrittenTile> => {
      await tiles.put(restored, { signal });
      return { tile, copied, flat, ...(sharp && { sharp }) };
    };
    return stage("write", tile, put, { timeout });
  });
}
