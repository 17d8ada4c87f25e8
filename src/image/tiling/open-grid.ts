/** Plans the tiles of an image from lengths it checks, and decides the feather where the caller gives none. */
import { integer, invalid } from "../../check.ts";
import { widestFeather } from "./axis.ts";
import { cellSide, type Grid, type GridPlan, planGrid, reductionOf } from "./grid.ts";

const any = Number.MAX_SAFE_INTEGER;

/**
 * Half the width of a seam at scale "auto", and of the transition between two cells, in pixels. It is a constant, so
 * that the result does not depend on the tiles.
 */
const cellFeather = 16;

/**
 * The lengths of a grid; `feather` may be left to `openGrid`. `tile`, `halo` and `alignment` count the pixels that the
 * net receives: at scale 2, one is two pixels of the image.
 */
export type GridLengths = Omit<GridPlan, "feather"> & { readonly feather?: number | undefined };

/**
 * Plans the tiles of an image, all lengths in pixels. The feather is half the halo unless given: the outer half,
 * where the net saw least of its surroundings, never reaches the output. It is narrower where tiles lie closer
 * together than that. At scale "auto" it is 16.
 *
 *     openGrid({ width: 100, height: 40, tile: 64, halo: 16, alignment: 16 }).columns; // 3
 *
 * @throws OptionError naming the length that does not fit: `halo` and `tile` are multiples of `alignment`,
 * `tile` leaves at least one `alignment` between its halos (at scale "auto" a cell of 128 pixels), `feather` is at most
 * `halo` (in pixels of the image) and half the distance between two tiles, which depends on the image.
 */
export function openGrid({ feather, scale = 1, ...lengths }: GridLengths): Grid {
  const alignment = integer("alignment", lengths.alignment, 1, any);
  const { width, height } = lengths;
  integer("width", width, 1, any);
  integer("height", height, 1, any);
  const halo = integer("halo", lengths.halo, 0, any, alignment);
  const tile = integer("tile", lengths.tile, 2 * halo + alignment, any, alignment);
  if (scale === "auto") return openCells({ ...lengths, feather });
  const plan = {
    ...{ width, height },
    ...{ tile: tile * scale, halo: halo * scale, alignment: alignment * scale },
    ...(scale > 1 && { scale }),
  };
  const { across, down } = planGrid({ ...plan, feather: 0 });
  const widest = Math.min(widestFeather(across), widestFeather(down));
  const chosen = feather ?? Math.min(Math.floor(plan.halo / 2), widest);
  return planGrid({ ...plan, feather: integer("feather", chosen, 0, widest) });
}

/** The least halo at scale "auto": twice the feather, so that the outer half never reaches the output. */
export const leastHaloOfCells: number = 2 * cellFeather;

/** The smallest tile that has room for a cell at scale "auto", in pixels of the net. */
export function smallestTileOfCells(halo: number): number {
  return cellSide + Math.max(2 * halo, cellSide);
}

/** Plans tiles of whole cells. They read twice the halo: the net needs it at half the size. */
function openCells({ feather = cellFeather, ...lengths }: Omit<GridLengths, "scale">): Grid {
  const { width, height, tile, halo, alignment } = lengths;
  const coarse = reductionOf("auto");
  if (cellSide % (coarse * alignment) !== 0) {
    throw invalid("alignment", `a divisor of ${cellSide / coarse} at scale auto`, alignment);
  }
  integer("halo", halo, leastHaloOfCells, any, alignment);
  integer("tile", tile, smallestTileOfCells(halo), any, alignment);
  const plan = {
    ...{ width, height, scale: "auto" as const },
    // At full size the net receives one halo less on each side, so `tile` at most.
    ...{ tile: tile + 2 * halo, halo: coarse * halo, alignment: coarse * alignment },
  };
  const widest = Math.min(halo, cellSide / 2);
  return planGrid({ ...plan, feather: integer("feather", feather, 0, widest) });
}
