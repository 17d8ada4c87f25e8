/** An image's size and the tiles asked for in, how many there will be, how large, and how wide they fade out. */
import { openGrid } from "./open-grid.ts";
import { readSpan, widestFeather } from "./tiling/axis.ts";
import type { GridPlan } from "./tiling/grid.ts";

/**
 * The feather, in pixels, is half the halo: the outer half, where the net saw least of its surroundings,
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
