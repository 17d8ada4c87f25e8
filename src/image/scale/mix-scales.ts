/**
 * Chooses between the residuals at full and at half size in each cell of 128 pixels: half size, where it changes the
 * image clearly more. There the blur is longer than the kernels that the net knows at full size. Between cells that
 * differ, the choice fades along a raised cosine, as tiles do at a seam. A tile therefore needs the choices of its own
 * cells only, and the result is the same for any tiling.
 */
import type { Rect } from "../../rect.ts";
import { type Axis, boundary, cellsIn } from "../tiling/axis.ts";
import { weightsOf } from "../tiling/feather.ts";
import { cellSide, type GridPlan } from "../tiling/grid.ts";
import type { Planes } from "../tiling/pieces.ts";

/** Half size is chosen where its residual has more than this times the energy of that at full size. */
const threshold = 1.2;

/** Planes whose first pixel is that of `rect`; they may be larger than `rect`. */
interface PlacedPlanes extends Planes {
  readonly rect: Rect;
}

/** The residuals of one tile at both sizes. */
export interface TwoScales {
  readonly plan: Pick<GridPlan, "width" | "height" | "feather">;
  /** The tile's core: whole cells. */
  readonly core: Rect;
  /** Covers the core and a feather around it. */
  readonly full: PlacedPlanes;
  /** At full size again; covers all that `full` does. */
  readonly half: PlacedPlanes;
  /** [half.rect.height, half.rect.width], 1 where a pixel holds no measurement and does not count. */
  readonly invalid: Uint8Array | undefined;
}

/** Writes the mixed residual into `half`, inside the rectangle of `full`. */
export function mixScales({ plan, core, ...residuals }: TwoScales): void {
  const across = cellsOf({ start: core.x, size: core.width, length: plan.width }, plan.feather);
  const down = cellsOf({ start: core.y, size: core.height, length: plan.height }, plan.feather);
  const { full } = residuals;
  const { x, y, width, height } = full.rect;
  const columns = weightsOfAll(across, x, width);
  const rows = weightsOfAll(down, y, height);
  // For each row of cells the share of half size at each column of pixels.
  const shares = rows.map((_, row) => {
    const share = new Float64Array(width);
    for (const [column, weights] of columns.entries()) {
      const cell = cellRect(core, across, down, column, row);
      if (!isHalfChosen(cell, residuals)) continue;
      for (let i = 0; i < width; i++) share[i] = (share[i] as number) + (weights[i] as number);
    }
    return share;
  });
  const share = new Float64Array(width);
  for (let line = 0; line < height; line++) {
    share.fill(0);
    for (const [row, ofRow] of shares.entries()) {
      const weight = rows[row]?.[line] as number;
      if (weight === 0) continue;
      for (let i = 0; i < width; i++) {
        share[i] = (share[i] as number) + weight * (ofRow[i] as number);
      }
    }
    mixLine(share, { x, y: y + line }, residuals);
  }
}

/** Mixes a line of pixels that begins at a place of the image. */
function mixLine(
  share: Float64Array,
  { x, y }: { readonly x: number; readonly y: number },
  { full, half }: Pick<TwoScales, "full" | "half">,
): void {
  const isFull = share.every((part) => part === 0);
  for (let channel = 0; channel < 3; channel++) {
    const from = placeIn(full, channel, x, y);
    const to = placeIn(half, channel, x, y);
    if (isFull) {
      half.residual.set(full.residual.subarray(from, from + share.length), to);
      continue;
    }
    for (let i = 0; i < share.length; i++) {
      const part = share[i] as number;
      const [one, other] = [full.residual[from + i] as number, half.residual[to + i] as number];
      half.residual[to + i] = part * other + (1 - part) * one;
    }
  }
}

/** The cells of a core along an axis. Their weights sum to 1 beyond the core, too, where the outermost continue. */
function cellsOf(
  { start, size, length }: { start: number; size: number; length: number },
  feather: number,
): Axis {
  const count = cellsIn(size, cellSide);
  return { length, count, step: cellSide, lead: start, halo: 0, feather };
}

function weightsOfAll(axis: Axis, start: number, size: number): readonly Float32Array[] {
  return Array.from({ length: axis.count }, (_, index) =>
    weightsOf(axis, index, { start, end: start + size }),
  );
}

/** A cell, cut at the core. */
function cellRect(core: Rect, across: Axis, down: Axis, column: number, row: number): Rect {
  const left = Math.max(core.x, boundary(across, column));
  const top = Math.max(core.y, boundary(down, row));
  const right = Math.min(core.x + core.width, boundary(across, column + 1));
  const bottom = Math.min(core.y + core.height, boundary(down, row + 1));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function isHalfChosen(
  cell: Rect,
  { full, half, invalid }: Pick<TwoScales, "full" | "half" | "invalid">,
): boolean {
  let energy = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let line = cell.y; line < cell.y + cell.height; line++) {
      let atFull = placeIn(full, channel, cell.x, line);
      let atHalf = placeIn(half, channel, cell.x, line);
      let pixel = (line - half.rect.y) * half.rect.width + cell.x - half.rect.x;
      for (let i = 0; i < cell.width; i++, atFull++, atHalf++, pixel++) {
        if (invalid?.[pixel] === 1) continue;
        const one = full.residual[atFull] as number;
        const other = half.residual[atHalf] as number;
        energy += other * other - threshold * one * one;
      }
    }
  }
  return energy > 0;
}

/** The index of a pixel of the image in the planes. */
function placeIn(planes: PlacedPlanes, channel: number, x: number, y: number): number {
  const { rect, width, height } = planes;
  return (channel * height + y - rect.y) * width + x - rect.x;
}
