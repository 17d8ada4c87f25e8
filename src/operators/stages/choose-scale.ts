/** Restores a tile at full and at half size, and chooses between them in each cell. */
import { map, mergeMap, type OperatorFunction, of } from "rxjs";
import { invalidPixels } from "../../image/invalid-pixels.ts";
import { plainRadiometry } from "../../image/radiometry.ts";
import type { ImageSource } from "../../image/raster.ts";
import { mixScales } from "../../image/scale/mix-scales.ts";
import type { Grid } from "../../image/tiling/grid.ts";
import type { Rect } from "../../rect.ts";
import { atScale } from "./at-scale.ts";
import type { DecodedTile, RestoredTile, Tile } from "./tile.ts";

/** The stages of both sizes. */
export interface ScaleStages {
  /** Restores the tile without the outer half of its halo, at full size. */
  readonly full: OperatorFunction<DecodedTile, RestoredTile>;
  /** Restores the whole tile at half size. */
  readonly half: OperatorFunction<DecodedTile, RestoredTile>;
}

/**
 * Run `full`, then `half`, and mix their residuals (see `mixScales`). A tile that `full` leaves unchanged stays so.
 *
 * DecodedTile → RestoredTile.
 *
 * **Warning**: the grid must be one of scale "auto": its cores are whole cells, and its halos serve half size.
 *
 *     chooseScale({ grid, source }, { full: exclusive(engine.lane, …), half: exclusive(engine.lane, …) })
 *
 * @throws the errors of the stages.
 */
export function chooseScale(
  { grid, source: input }: { readonly grid: Grid; readonly source: ImageSource },
  { full, half }: ScaleStages,
): OperatorFunction<DecodedTile, RestoredTile> {
  const { plan } = grid;
  const { radiometry = plainRadiometry(input.channels, input.sampleType) } = input;
  return mergeMap((decoded) => {
    const { tile, source, width, height } = decoded;
    const unchanged = (as: RestoredTile): RestoredTile => {
      const residual = new Float32Array(3 * width * height);
      return { ...as, tile, residual, width, height };
    };
    const rect = insideOf(tile, plan.halo / 2);
    return of(cutTile(decoded, rect, plan.alignment / 2)).pipe(
      full,
      mergeMap((first) => {
        if (first.copied || first.sharp) return of(unchanged(first));
        return of(decoded).pipe(
          atScale(2, half),
          map((second) => {
            if (second.copied) return unchanged(second);
            mixScales({
              ...{ plan, core: tile.core },
              full: { ...first, rect },
              half: { ...second, rect: tile.read },
              invalid: invalidPixels(source, radiometry),
            });
            return second;
          }),
        );
      }),
    );
  });
}

/** The core and `halo` pixels around it, as far as the tile reads. */
function insideOf({ core, read }: Tile, halo: number): Rect {
  const left = Math.max(read.x, core.x - halo);
  const top = Math.max(read.y, core.y - halo);
  const right = Math.min(read.x + read.width, core.x + core.width + halo);
  const bottom = Math.min(read.y + read.height, core.y + core.height + halo);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The part of a tile under `rect`, as a tile that reads only that; its padding is that of the whole tile. */
function cutTile(decoded: DecodedTile, rect: Rect, alignment: number): DecodedTile {
  const { tile, pixels, width, height } = decoded;
  const across = Math.ceil(rect.width / alignment) * alignment;
  const down = Math.ceil(rect.height / alignment) * alignment;
  const cut = new Float32Array(3 * across * down);
  for (let row = 0; row < 3 * down; row++) {
    const [channel, y] = [Math.floor(row / down), row % down];
    const line = channel * height + rect.y - tile.read.y + y;
    const from = line * width + rect.x - tile.read.x;
    cut.set(pixels.subarray(from, from + across), row * across);
  }
  return { ...decoded, tile: { ...tile, read: rect }, pixels: cut, width: across, height: down };
}
