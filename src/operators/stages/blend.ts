/** In goes a restored tile, out come the parts of the output it completes: where neighbours meet, once and for all. */
import { mergeMap, type OperatorFunction } from "rxjs";
import { crop } from "../../image/raster.ts";
import type { Canvas } from "../../image/tiling/canvas.ts";
import { type StageOptions, stage } from "./stage.ts";
import type { BlendedTile, RestoredTile } from "./tile.ts";

/**
 * Put the tile on the canvas, and add to each block it completes the source samples under it.
 *
 * RestoredTile → BlendedTile with 0 to 9 blocks; over all tiles the blocks partition the image.
 *
 * **Warning**: a canvas serves one run; a tile that comes twice is an error.
 *
 *     of(restored).pipe(blend(openCanvas(grid), { timeout: 60 }))
 *
 * @throws TileError at stage blend if the tile came before or does not cover what it should.
 */
export function blend(
  canvas: Canvas,
  { timeout }: StageOptions,
): OperatorFunction<RestoredTile, BlendedTile> {
  return mergeMap((restored) => {
    const { tile, source, copied, flat, sharp } = restored;
    const place = async (): Promise<BlendedTile> => ({
      tile,
      // Every contributor covers the whole of a block, so the last one has the samples at hand.
      blocks: canvas.add(tile.index, restored).map(({ rect, residual }) => ({
        rect,
        residual,
        source: crop(source, { ...rect, x: rect.x - tile.read.x, y: rect.y - tile.read.y }),
      })),
      copied,
      flat,
      ...(sharp && { sharp }),
    });
    return stage("blend", tile, place, { timeout });
  });
}
