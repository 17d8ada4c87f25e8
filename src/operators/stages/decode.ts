/** Reads the pixels of a tile and converts them; the only operator that reads a source. */
import { mergeMap, type OperatorFunction } from "rxjs";
import { plainRadiometry } from "../../image/radiometry.ts";
import type { Convert, ImageSource, Raster } from "../../image/raster.ts";
import { type StageOptions, stage } from "./stage.ts";
import type { DecodedTile, Tile } from "./tile.ts";

/**
 * Read the tile's rectangle and convert it to the net's input.
 *
 * Tile → DecodedTile: samples in source units, and pixels [3, h, w] planar 0..1, h and w padded to `alignment`.
 *
 * **Warning**: every tile that arrives is read at once; limit them by `admit`.
 *
 *     of(grid.tile(0)).pipe(decode(source, convert, { alignment: 16, timeout: 60 }))
 *
 * @throws TileError at stage decode if reading or converting fails, hangs or returns the wrong size.
 */
export function decode(
  source: ImageSource,
  convert: Convert,
  { alignment, timeout }: StageOptions & { readonly alignment: number },
): OperatorFunction<Tile, DecodedTile> {
  const { radiometry = plainRadiometry(source.channels, source.sampleType) } = source;
  const padded = (side: number): number => Math.ceil(side / alignment) * alignment;
  return mergeMap((tile) =>
    stage(
      "decode",
      tile,
      async (signal) => {
        const size = { width: padded(tile.read.width), height: padded(tile.read.height) };
        const raster = await source.read(tile.read, { signal });
        checkRaster(raster, tile, source.channels);
        signal.throwIfAborted();
        const converted = await convert(raster, size, { radiometry, signal });
        checkRaster(converted.source, tile, source.channels);
        const expected = 3 * size.width * size.height;
        if (converted.pixels.length !== expected) {
          throw new RangeError(
            `expected ${expected} converted values but received ${converted.pixels.length}`,
          );
        }
        return { tile, flat: false, ...converted, ...size };
      },
      { timeout },
    ),
  );
}

function checkRaster(raster: Raster, { read }: Tile, channels: number): void {
  const { width, height, samples } = raster;
  const right = width === read.width && height === read.height && raster.channels === channels;
  if (right && samples.length === width * height * channels) return;
  throw new RangeError(
    `expected ${read.width}×${read.height}×${channels} samples ` +
      `but received ${samples.length} as ${width}×${height}×${raster.channels}`,
  );
}
