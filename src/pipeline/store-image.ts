/**
 * Restores a large image into a store of tiles. The image is assembled once all tiles are stored. Memory does not
 * depend on the image's width or height, and a run that ends early can be resumed.
 */
import { concat, defer, EMPTY, map, type Observable, of, throwError } from "rxjs";
import type { ImageSource } from "../image/raster.ts";
import type { Grid } from "../image/tiling/grid.ts";
import type { Engine } from "../model/engine.ts";
import { admit } from "../operators/flow/admit.ts";
import { attempt } from "../operators/stages/retry.ts";
import { store, type TileStore } from "../operators/stages/store.ts";
import type { Progress, Tile } from "../operators/stages/tile.ts";
import { restoreTile } from "./deblur-image.ts";
import { checkDeblurImage, type DeblurImageOptions } from "./deblur-image-options.ts";

/** The options of `deblurImage`, and the range of tiles. */
export interface StoreImageOptions extends DeblurImageOptions {
  /** Tiles from `start` up to but not including `end`. Default: all. */
  readonly range?: TileRange;
}

/** A range of tile indices, from `start` up to but not including `end`. */
export interface TileRange {
  readonly start: number;
  readonly end: number;
}

/** Attempts at a tile before the run fails. */
const tries = 3;

/**
 * Deblurs the tiles of an image that the store lacks, and stores them. Subscribing starts the run, unsubscribing stops
 * it at once. `signal` ends it gently: tiles in flight are stored first. Progress counts the tiles found in the store.
 * The caller closes source and store, and disposes the engine.
 * @throws OptionError at once. The Observable fails with a TileError naming rectangle and stage, or with the
 * signal's reason. The next run reuses the tiles stored by then.
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
          // Only the last attempt may leave the tile unchanged.
          const policy = last ? onTileError : "fail";
          return restoreTile(source, engine, { ...checked, onTileError: policy });
        }), //                                                 Tile → residual
        store(tiles, { timeout }), //                          → the tile, stored
      ),
    );
    const progress = done.pipe(
      map((stored, i) => ({ ...stored, tilesDone: found + i + 1, tilesTotal: end - start })),
    );
    return concat(progress, endOf(signal));
  });
}

/** Yields the tiles that the store lacks, until `signal` is aborted. */
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

/** Fails with the reason of an aborted `signal`, once no tile is in flight any more. */
function endOf(signal: AbortSignal | undefined): Observable<never> {
  return defer(() => (signal?.aborted === true ? throwError(() => signal.reason) : EMPTY));
}
