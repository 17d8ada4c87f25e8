/** Cuts an image into tiles and its output into blocks. Tiles are computed on request, not stored. */

import { type Rect, rectOf } from "../../rect.ts";
import {
  type Axis,
  contributors,
  coreSpan,
  longestRead,
  planAxis,
  readSpan,
  type Span,
  segmentSpan,
  segmentsUnder,
} from "./axis.ts";

/** Where a tile reads and which part of the output is its own. */
export interface Tile {
  /** Row-major index in the grid; the order in which tiles are summed. */
  readonly index: number;
  /** What the net sees, halo included; inside the image, origin aligned. */
  readonly read: Rect;
  /** What the tile stands for; the cores of all tiles partition the image. */
  readonly core: Rect;
}

/** A part of the output to which the same one, two or four tiles contribute; blocks partition the image. */
export interface GridBlock {
  /** Row-major among the blocks of the grid, empty ones counted. */
  readonly id: number;
  readonly rect: Rect;
  /** Indices of the tiles that reach into it, ascending. */
  readonly contributors: readonly number[];
}

/** The sizes at which an image can be restored: reduced by this factor, or at the better of 1 and 2 in each cell. */
export const scales = [1, 2, 4, "auto"] as const;

/** A size at which an image is restored. */
export type Scale = (typeof scales)[number];

/** Pixels a side of the cells in which scale "auto" chooses; counted from the image's corner. */
export const cellSide = 128;

/** The most by which a tile is reduced at a scale. */
export function reductionOf(scale: Scale = 1): 1 | 2 | 4 {
  return scale === "auto" ? 2 : scale;
}

/** How an image is cut into tiles; lengths in pixels of the image. */
export interface GridPlan {
  readonly width: number;
  readonly height: number;
  /** The most a tile reads; a multiple of `alignment`, at least 2 · halo + alignment. */
  readonly tile: number;
  /** Read on each inner side beyond the core; a multiple of `alignment`. */
  readonly halo: number;
  /** Half the width of a seam; at most `halo`, and half the distance between two tiles. */
  readonly feather: number;
  /** Every tile begins at a multiple of this: the engine's alignment, times the most that a tile is reduced by. */
  readonly alignment: number;
  /** The size at which tiles are restored. At "auto", cores are whole cells. Default 1. */
  readonly scale?: Scale;
}

/** The tiles of an image, and the blocks of it that they make up. */
export interface Grid {
  /** What the grid was made of. */
  readonly plan: GridPlan;
  readonly across: Axis;
  readonly down: Axis;
  readonly columns: number;
  readonly rows: number;
  readonly count: number;
  /** The most pixels a side that a tile reads. */
  largest(): { readonly width: number; readonly height: number };
  /** The tile with that index. @throws RangeError if the grid has none. */
  tile(index: number): Tile;
  /** All tiles in row-major order, each made when it is pulled. */
  tiles(): Generator<Tile, void, undefined>;
  /** The up to nine blocks that tile `index` reaches into, none of them empty. @throws RangeError as above. */
  blocks(index: number): readonly GridBlock[];
  /** The blocks that reach into a rectangle inside the image, none of them empty. */
  blocksUnder(rect: Rect): readonly GridBlock[];
}

/**
 * Plan the tiles of an image. The plan is taken as valid: `openGrid` is the one that checks.
 *
 *     planGrid({ width: 100, height: 40, tile: 64, halo: 16, feather: 8, alignment: 16 }).columns; // 3
 */
export function planGrid(plan: GridPlan): Grid {
  const cell = plan.scale === "auto" ? cellSide : undefined;
  const across = planAxis({ ...plan, cell, length: plan.width });
  const down = planAxis({ ...plan, cell, length: plan.height });
  const columns = across.count;
  const rows = down.count;
  const count = columns * rows;

  const place = (index: number): { column: number; row: number } => {
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new RangeError(`there is no tile ${index} in a grid of ${count}`);
    }
    return { column: index % columns, row: Math.floor(index / columns) };
  };

  const tile = (index: number): Tile => {
    const { column, row } = place(index);
    return {
      index,
      read: rectOf(readSpan(across, column), readSpan(down, row)),
      core: rectOf(coreSpan(across, column), coreSpan(down, row)),
    };
  };

  const blocksAt = (xs: readonly number[], ys: readonly number[]): readonly GridBlock[] => {
    const found: GridBlock[] = [];
    for (const y of ys) {
      for (const x of xs) {
        const rect = rectOf(segmentSpan(across, x), segmentSpan(down, y));
        if (rect.width === 0 || rect.height === 0) continue;
        found.push({
          id: y * (2 * columns - 1) + x,
          rect,
          contributors: contributors(y).flatMap((r) => contributors(x).map((c) => r * columns + c)),
        });
      }
    }
    return found;
  };

  return {
    plan,
    across,
    down,
    columns,
    rows,
    count,
    largest: () => ({ width: longestRead(across), height: longestRead(down) }),
    tile,
    *tiles() {
      for (let index = 0; index < count; index++) yield tile(index);
    },
    blocks(index) {
      const { column, row } = place(index);
      return blocksAt(segmentsOf(across, column), segmentsOf(down, row));
    },
    blocksUnder({ x, y, width, height }) {
      const columnsUnder = segmentsUnder(across, { start: x, end: x + width });
      const rowsUnder = segmentsUnder(down, { start: y, end: y + height });
      return blocksAt(indices(columnsUnder), indices(rowsUnder));
    },
  };
}

/** The segments a tile of an axis reaches into: its interior and the seams beside it. */
function segmentsOf({ count }: Axis, index: number): readonly number[] {
  return [2 * index - 1, 2 * index, 2 * index + 1].filter((s) => s >= 0 && s <= 2 * count - 2);
}

function indices({ start, end }: Span): readonly number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
