/** Blends a restored tile into its neighbours and emits the output blocks it completes. */
import { mergeMap, type OperatorFunction } from "rxjs";
import { crop } from "../../image/raster.ts";
import type { Canvas } from "../../image/tiling/canvas.ts";
import { type StageOptions, stage } from "./stage.ts";
import type { BlendedTile, RestoredTile } from "./tile.ts";

/**
 * Add the tile to the canvas, and attach to each completed block the source samples under it.
 *
 * RestoredTile → BlendedTile with 0 to 9 blocks; over all tiles the blocks partition the image.
 *
 * **Warning**: a canvas serves one run; adding a tile twice is an error.
 *
 *     of(restored).pipe(blend(openCanvas(grid), { timeout: 60 }))
 *
 * @throws TileError at stage blend if the tile was added before or has the wrong size.
 */
export function blend(
  canvas: Canvas,
  { timeout }: StageOptions,
): OperatorFunction<RestoredTile, BlendedTile> {
  return mergeMap((restored) => {
    const { tile, source, copied, flat, sharp } = restored;
    const place = async (): Promise<BlendedTile> => ({
      tile,
      // Every contributing tile covers the whole block, so the last one has all its source samples.
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
