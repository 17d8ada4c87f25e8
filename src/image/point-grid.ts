/** Spreads points evenly over an image: the places where a field is sampled. */
import { integer } from "../check.ts";
import type { Rect } from "../rect.ts";

/** Rows and columns of pixels, the same distance apart; as far from one edge of the image as from the other. */
export interface PointGrid {
  /** Of the image, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Pixels from a point to the next. */
  readonly spacing: number;
  readonly columns: number;
  readonly rows: number;
  /** The pixel column of the points of a column, the pixel row of those of a row. */
  x(column: number): number;
  y(row: number): number;
  /** The points in `area`, a rectangle of pixels, as a rectangle of columns and rows; may be empty. */
  within(area: Rect): Rect;
}

/**
 * As many points as the spacing allows, at least one. The cores of tiles partition an image, and so its points.
 *
 *     const points = planPoints({ width: 100, height: 40, spacing: 32 }); // 3 columns, 1 row
 *     points.x(0); // 18
 *
 * @throws OptionError if a length is not an integer from 1 up
 */
export function planPoints(plan: {
  readonly width: number;
  readonly height: number;
  readonly spacing: number;
}): PointGrid {
  for (const name of ["width", "height", "spacing"] as const) {
    integer(name, plan[name], 1, Number.MAX_SAFE_INTEGER);
  }
  const { width, height, spacing } = plan;
  const across = planLine(width, spacing);
  const down = planLine(height, spacing);
  return {
    width,
    height,
    spacing,
    columns: across.count,
    rows: down.count,
    x: across.at,
    y: down.at,
    within(area) {
      const [left, right] = [across.from(area.x), across.from(area.x + area.width)];
      const [top, bottom] = [down.from(area.y), down.from(area.y + area.height)];
      return { x: left, y: top, width: right - left, height: bottom - top };
    },
  };
}

/** The points of one axis; `from` is the first point at or after a pixel. */
function planLine(
  length: number,
  spacing: number,
): {
  readonly count: number;
  at(index: number): number;
  from(pixel: number): number;
} {
  const count = Math.max(1, Math.floor(length / spacing));
  const first = Math.floor((length - (count - 1) * spacing) / 2);
  return {
    count,
    at: (index) => first + index * spacing,
    from: (pixel) => Math.min(count, Math.max(0, Math.ceil((pixel - first) / spacing))),
  };
}
