/** The check of a rectangle that is to be read. */
import type { Rect } from "../../rect.ts";

/** @throws Error where `rect` is empty or not inside the image */
export function assertInside(
  { x, y, width, height }: Rect,
  image: { readonly width: number; readonly height: number },
): void {
  if (
    x < 0 ||
    y < 0 ||
    width < 1 ||
    height < 1 ||
    x + width > image.width ||
    y + height > image.height
  )
    throw new Error(
      `Expected a rectangle inside ${image.width}×${image.height} but received ${width}×${height} at (${x}, ${y})`,
    );
}
