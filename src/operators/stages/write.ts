/** Writes the completed blocks of a tile to the sink; the last operator for a tile. */
import { mergeMap, type OperatorFunction } from "rxjs";
import type { ImageSink } from "../../image/raster.ts";
import { type StageOptions, stage } from "./stage.ts";
import type { BlendedTile, WrittenTile } from "./tile.ts";

/**
 * Write the tile's blocks one after the other, then emit the tile.
 *
 * BlendedTile → WrittenTile, also for a tile that completed no block.
 *
 * **Warning**: the tile keeps its slot until then; a sink that waits for other tiles deadlocks.
 *
 *     of(blended).pipe(write(sink, { timeout: 60 }))
 *
 * @throws TileError at stage write; no further block of the tile is written.
 */
export function write(
  sink: ImageSink,
  { timeout }: StageOptions,
): OperatorFunction<BlendedTile, WrittenTile> {
  return mergeMap(({ tile, blocks, copied, flat, sharp }) =>
    stage(
      "write",
      tile,
      async (signal) => {
        for (const block of blocks) {
          signal.throwIfAborted();
          await sink.write(block, { signal });
        }
        return { tile, copied, flat, ...(sharp && { sharp }) };
      },
      { timeout },
    ),
  );
}
