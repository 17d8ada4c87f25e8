/** Defines planar images and pads them. */

/** Continuation beyond the edge: the last pixel is repeated, or the image is mirrored. */
export type Border = "replicate" | "reflect";

export interface PlanarImage {
  readonly width: number;
  readonly height: number;
  /** [channels, height, width]. */
  readonly values: Float32Array;
}

/** The image with `margin` more pixels on every side. */
export function surround(
  { width, height, values }: PlanarImage,
  margin: number,
  border: Border,
): PlanarImage {
  const columns = places(width, margin, border);
  const rows = places(height, margin, border);
  const plane = width * height;
  const surrounded = new Float32Array((values.length / plane) * columns.length * rows.length);
  let to = 0;
  for (let start = 0; start < values.length; start += plane) {
    for (const row of rows) {
      for (const column of columns) {
        surrounded[to++] = values[start + row * width + column] as number;
      }
    }
  }
  return { width: columns.length, height: rows.length, values: surrounded };
}

/** For each position from −margin to size + margin − 1, the position inside that it repeats. */
export function places(size: number, margin: number, border: Border): Int32Array {
  return Int32Array.from({ length: size + 2 * margin }, (_, i) => {
    const place = i - margin;
    return border === "replicate" ? Math.min(size - 1, Math.max(0, place)) : mirrored(place, size);
  });
}

/** Mirrored without repeating the edge pixel, as often as needed. */
function mirrored(place: number, size: number): number {
  const period = Math.max(1, 2 * (size - 1));
  const phase = Math.abs(place) % period;
  return Math.min(phase, period - phase) % size;
}
