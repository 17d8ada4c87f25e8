/** Plans the tiles of an image from lengths it checks, and decides the feather where the caller gives none. */
import { integer } from "../../check.ts";
import { widestFeather } from "./axis.ts";
import { type Grid, type GridPlan, planGrid } from "./grid.ts";

const any = Number.MAX_SAFE_INTEGER;

/** The lengths of a grid; `feather` may be left to `openGrid`. */
export type GridLengths = Omit<GridPlan, "feather"> & { readonly feather?: number | undefined };

/**
 * Plans the tiles of an image, all lengths in pixels. The feather is half the halo unless given: the outer half,
 * where the net saw least of its surroundings, never reaches the output. It is narrower where tiles lie closer
 * together than that.
 *
 *     openGrid({ width: 100, height: 40, tile: 64, halo: 16, alignment: 16 }).columns; // 3
 *
 * @throws OptionError naming the length that does not fit: `halo` and `tile` are multiples of `alignment`,
 * `tile` leaves at least one `alignment` between its halos, `feather` is at most `halo` and half the distance
 * between two tiles, which depends on the image.
 */
export function openGrid({ feather, ...lengths }: GridLengths): Grid {
  const alignment = integer("alignment", lengths.alignment, 1, any);
  integer("width", lengths.width, 1, any);
  integer("height", lengths.height, 1, any);
  const halo = integer("halo", lengths.halo, 0, any, alignment);
  integer("tile", lengths.tile, 2 * halo + alignment, any, alignment);
  const { across, down } = planGrid({ ...lengths, feather: 0 });
  const widest = Math.min(widestFeather(across), widestFeather(down));
  const chosen = feather ?? Math.min(Math.floor(halo / 2), widest);
  return planGrid({ ...lengths, feather: integer("feather", chosen, 0, widest) });
}
