/** In go lengths as a caller gave them, out comes a grid that is known to be sound: the check before the arithmetic. */
import { integer } from "../check.ts";
import { widestFeather } from "./tiling/axis.ts";
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
