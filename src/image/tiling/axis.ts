/**
 * Plans one axis of a grid: the spans that tiles read, own and blend. Columns and rows are planned independently by
 * the same arithmetic.
 *
 *     read 0   [..........................)
 *     read 1                    [..........................)
 *     core               0           |           1
 *     segment        0          |  1  |         2              (1 is the seam, 2·feather wide)
 *
 * Cores of an axis with cells are whole cells. Cells are counted from the start of the axis, the same for any tiling.
 */

/** A half-open range of pixels, [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The lengths an axis is planned from, in pixels. */
export interface AxisPlan {
  readonly length: number;
  /**
   * Upper bound for what one tile reads; a multiple of `alignment`, at least 2·halo + alignment. With cells, at least
   * one cell, a halo, and the longer of the two.
   */
  readonly tile: number;
  /** Read on each inner side beyond the core; a multiple of `alignment`. */
  readonly halo: number;
  /** Half the width of a seam; at most `halo` and half of `step`. */
  readonly feather: number;
  /** Every tile starts at a multiple of this. */
  readonly alignment: number;
  /** Cores begin at multiples of this, a multiple of `alignment`; undefined: anywhere a tile may. */
  readonly cell?: number | undefined;
}

/** A planned axis: `count` tiles whose origins are `step` apart. */
export interface Axis {
  readonly length: number;
  readonly count: number;
  readonly step: number;
  /** The core of tile i begins at lead + i · step; that of tile 0 at 0. */
  readonly lead: number;
  readonly halo: number;
  readonly feather: number;
}

/** Fewest tiles first, then tiles as even as the alignment allows. */
export function planAxis({ cell, ...plan }: AxisPlan): Axis {
  if (cell !== undefined) return planCells({ cell, ...plan });
  const { length, tile, halo, feather, alignment } = plan;
  if (length <= tile) return { length, count: 1, step: length, lead: halo, halo, feather };
  const owned = length - 2 * halo;
  const count = Math.ceil(owned / (tile - 2 * halo));
  const step = alignment * Math.ceil(owned / (count * alignment));
  return { length, count, step, lead: halo, halo, feather };
}

/** Divides the cells of an axis among as few tiles as possible. */
function planCells({
  length,
  tile,
  halo,
  feather,
  cell,
}: AxisPlan & { readonly cell: number }): Axis {
  const cells = cellsIn(length, cell);
  // The last tile has one halo only, but its last cell may be longer than the others.
  const most = Math.floor((tile - halo - Math.max(halo, cell)) / cell);
  const count = Math.ceil(cells / most);
  const step = count === 1 ? length : cell * Math.ceil(cells / count);
  return { length, count, step, lead: 0, halo, feather };
}

/** The number of cells of a length, at least one. The last one ends with the length: half to one and a half cells. */
export function cellsIn(length: number, cell: number): number {
  return Math.max(1, Math.round(length / cell));
}

/** The widest feather the axis can have: a seam must not meet the next one, nor leave what both tiles read. */
export function widestFeather({ count, step, halo }: Axis): number {
  return count === 1 ? halo : Math.min(halo, Math.floor(step / 2));
}

/** What tile `index` reads: an aligned origin, cut at the end of the axis. */
export function readSpan(axis: Axis, index: number): Span {
  const { length, halo } = axis;
  const { start, end } = coreSpan(axis, index);
  return { start: Math.max(0, start - halo), end: Math.min(length, end + halo) };
}

/** The length of the longest span that a tile reads. */
export function longestRead(axis: Axis): number {
  let longest = 0;
  for (let index = 0; index < axis.count; index++) {
    const { start, end } = readSpan(axis, index);
    longest = Math.max(longest, end - start);
  }
  return longest;
}

/** What tile `index` stands for; the cores of all tiles partition the axis. */
export function coreSpan(axis: Axis, index: number): Span {
  return { start: boundary(axis, index), end: boundary(axis, index + 1) };
}

/** Where the core of tile `index` begins; for `index` = count, where the last one ends. */
export function boundary({ length, count, step, lead }: Axis, index: number): number {
  if (index <= 0) return 0;
  return index < count ? index * step + lead : length;
}

/**
 * The pixels of segment `index`, 0 to 2·count − 2; segments partition the axis. The even ones belong to tile
 * index / 2 alone, the odd ones are the seam between tiles (index − 1) / 2 and (index + 1) / 2. May be empty.
 */
export function segmentSpan(axis: Axis, index: number): Span {
  return { start: cut(axis, index), end: cut(axis, index + 1) };
}

/** The segments that reach into a span of the axis, as a range of indices. */
export function segmentsUnder(axis: Axis, { start, end }: Span): Span {
  return { start: segmentAt(axis, start), end: segmentAt(axis, end - 1) + 1 };
}

/** The tiles that reach into segment `index`, ascending: one for an interior, two for a seam. */
export function contributors(index: number): readonly number[] {
  return index % 2 === 0 ? [index / 2] : [(index - 1) / 2, (index + 1) / 2];
}

/** The segment in which pixel `position` lies. */
function segmentAt(axis: Axis, position: number): number {
  const tile = Math.floor((position - axis.lead) / axis.step);
  // From the seam before that tile's core on: seams reach into cores from both sides.
  let segment = 2 * Math.min(axis.count - 1, Math.max(0, tile)) - 1;
  while (position >= cut(axis, segment + 1)) segment++;
  return Math.max(0, segment);
}

/** Where segment `index` begins: before a seam by one feather, after it by one feather. */
function cut(axis: Axis, index: number): number {
  const at = Math.floor((index + 1) / 2);
  if (at <= 0) return 0;
  if (at >= axis.count) return axis.length;
  return boundary(axis, at) + (index % 2 === 0 ? axis.feather : -axis.feather);
}
