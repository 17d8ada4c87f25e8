/** Checks the lengths a caller gave and plans the tiles of an image: the check before the arithmetic of tiling/. */
import { integer } from "../check.ts";
import { readSpan, widestFeather } from "./tiling/axis.ts";
import { type Grid, type GridPlan, planGrid } from "./tiling/grid.ts";

const any = Number.MAX_SAFE_INTEGER;

/**
 * Plan the tiles of an image, all lengths in pixels.
 *
 *     openGrid({ width: 100, height: 40, tile: 64, halo: 16, feather: 8, alignment: 16 }).columns; // 3
 *
 * @throws OptionError naming the length that does not fit: `halo` and `tile` are multiples of `alignment`,
 * `tile` leaves at least one `alignment` between its halos, `feather` is at most `halo` and half the distance
 * between two tiles, which depends on the image.
 */
export function openGrid(plan: GridPlan): Grid {
  const alignment = integer("alignment", plan.alignment, 1, any);
  integer("width", plan.width, 1, any);
  integer("height", plan.height, 1, any);
  const halo = integer("halo", plan.halo, 0, any, alignment);
  integer("tile", plan.tile, 2 * halo + alignment, any, alignment);
  const grid = planGrid(plan);
  const widest = Math.min(widestFeather(grid.across), widestFeather(grid.down));
  integer("feather", plan.feather, 0, widest);
  return grid;
}

/**
 * Says how many tiles an image has, how large they are and how wide they fade out. The feather, in pixels, is half the halo: the outer half, where the net saw least of its surroundings,
 * never reaches the output. Where tiles lie closer together than that it is as wide as they allow.
 * @throws OptionError where the lengths do not fit each other
 */
export function planTiles(plan: Omit<GridPlan, "feather">): {
  readonly feather: number;
  readonly tiles: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
} {
  const { across, down, count } = openGrid({ ...plan, feather: 0 });
  const feather = Math.min(plan.halo / 2, widestFeather(across), widestFeather(down));
  // The first tile of an axis is as large as any.
  const [columns, rows] = [readSpan(across, 0), readSpan(down, 0)];
  return { feather, tiles: count, tileWidth: columns.end, tileHeight: rows.end };
}
