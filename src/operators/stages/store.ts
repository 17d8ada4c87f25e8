/** Stores the result of a tile, for runs that blend the tiles later. */
import { mergeMap, type OperatorFunction } from "rxjs";
import { type StageOptions, stage } from "./stage.ts";
import type { RestoredTile, WrittenTile } from "./tile.ts";

/** Storage for the results of tiles outside memory, in any order. */
export interface TileStore {
  /** True if a complete result of the tile exists, from this run or an earlier one. */
  has(index: number): boolean;
  /** Store a tile's result; once it resolves, the tile never has to be computed again. */
  put(restored: RestoredTile, options: { signal: AbortSignal }): Promise<void>;
}

/**
 * Store the tile's result, then emit the tile.
 *
 * RestoredTile → WrittenTile.
 *
 * **Warning**: no output exists yet; it is assembled from the store when all tiles are complete.
 *
 *     of(restored).pipe(store(tiles, { timeout: 60 }))
 *
 * @throws TileError at stage write; the tile is then not in the store.
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
