/** Defines a half-open rectangle of pixels. */

/** A half-open rectangle of pixels: [x, x + width) × [y, y + height), x to the right, y down. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A range of columns and a range of rows as a rectangle. */
export function rectOf(
  columns: { readonly start: number; readonly end: number },
  rows: { readonly start: number; readonly end: number },
): Rect {
  return {
    x: columns.start,
    y: rows.start,
    width: columns.end - columns.start,
    height: rows.end - rows.start,
  };
}
