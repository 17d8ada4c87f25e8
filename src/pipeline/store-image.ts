/**
 * Restores a large image into a store of tiles, from which the image is put together once all are stored. Memory
 * does not depend on the image's width or height, and a run that ends early can be resumed.
 */
import { concat, defer, EMPTY, map, type Observable, of, throwError } from "rxjs";
import type { ImageSource } from "../image/raster.ts";
import type { Grid } from "../image/tiling/grid.ts";
import type { Engine } from "../model/engine.ts";
import { admit } from "../operators/flow/admit.ts";
import { attempt } from "../operators/stages/attempt.ts";
import { store, type TileStore } from "../operators/stages/store.ts";
import type { Progress, Tile } from "../operators/stages/tile.ts";
import { restoreTile } from "./deblur-image.ts";
import { checkDeblurImage, type DeblurImageOptions } from "./deblur-image-options.ts";

/** As for `deblurImage`, and which tiles. */
export interface StoreImageOptions extends DeblurImageOptions {
  /** Tiles from `start` up to but not including `end`. Default: all. */
  readonly range?: TileRange;
}

/** Tiles by their index: from `start` up to but not including `end`. */
export interface TileRange {
  readonly start: number;
  readonly end: number;
}

/** How often a tile may fail before the run does. */
const tries = 3;

/**
 * Deblur those tiles of an image that are not in the store yet, into the store; subscribing starts it, unsubscribing
 * stops it at once. `signal` ends it gently: tiles in flight are stored first. Progress counts the tiles found.
 * Source, store and engine stay the caller's to close.
 * @throws OptionError at once; the Observable fails with a TileError naming rectangle and stage, or with the
 * signal's reason. What the store has by then counts the next time.
 */
export function storeImage(
  source: ImageSource,
  tiles: TileStore,
  engine: Engine,
  options: StoreImageOptions,
): Observable<Progress> {
  const checked = checkDeblurImage(options, source, engine);
  const { grid, inFlight, timeout, onTileError } = checked;
  const { signal } = options;
  const { start, end } = options.range ?? { start: 0, end: grid.count };

  return defer(() => {
    const found = countOf(tiles, start, end);
    const done = admit(missing(grid, tiles, { start, end }, signal), inFlight, (place) =>
      of(place).pipe(
        attempt(tries, (last) => {
          // Only the last time a tile may pass as it was.
          const policy = last ? onTileError : "fail";
          return restoreTile(source, engine, { ...checked, onTileError: policy });
        }), //                                                 Tile → residual
        store(tiles, { timeout }), //                          → the tile, stored
      ),
    );
    const told = done.pipe(
      map((stored, i) => ({ ...stored, tilesDone: found + i + 1, tilesTotal: end - start })),
    );
    return concat(told, endOf(signal));
  });
}

/** Pulled one by one; none any more once `signal` is aborted. */
function* missing(
  grid: Grid,
  tiles: TileStore,
  { start, end }: TileRange,
  signal: AbortSignal | undefined,
): Generator<Tile, void, undefined> {
  for (let index = start; index < end && signal?.aborted !== true; index++) {
    if (!tiles.has(index)) yield grid.tile(index);
  }
}

function countOf(tiles: TileStore, start: number, end: number): number {
  let count = 0;
  for (let index = start; index < end; index++) if (tiles.has(index)) count++;
  return count;
}

/** A run that was told to end fails with the reason, when nothing of it is under way any more. */
function endOf(signal: AbortSignal | undefined): Observable<never> {
  return defer(() => (signal?.aborted === true ? throwError(() => signal.reason) : EMPTY));
}
