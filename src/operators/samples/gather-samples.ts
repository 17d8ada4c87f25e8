/** In go the samples of tiles in any order, out comes the field they are of: every point of a grid in its place. */
import type { PointGrid } from "../../image/point-grid.ts";
import type { Sample } from "./sample-field.ts";

/** What was seen at the points of a grid. */
export interface SampledField {
  readonly points: PointGrid;
  readonly channels: number;
  /** [points.rows, points.columns, channels]; NaN where nothing was seen. */
  readonly values: Float32Array<ArrayBuffer>;
  /** Points where nothing was seen (yet). */
  unseen(): number;
  /** Put a tile's points in their place. @throws RangeError where the sample is not of this field */
  add(sample: Sample): void;
}

/**
 * A field of which nothing has been seen; holds 4 bytes × rows × columns × channels.
 *
 *     const field = gatherSamples(points, 361);
 *     deblurImage(source, sink, engine, { ..., sample: { kernels: [{ points, onSample: field.add }] } });
 */
export function gatherSamples(points: PointGrid, channels: number): SampledField {
  const { columns, rows } = points;
  const values = new Float32Array(rows * columns * channels).fill(Number.NaN);
  let awaited = rows * columns;
  return {
    points,
    channels,
    values,
    unseen: () => awaited,
    add({ points: { x, y, width, height }, channels: found, values: seen }) {
      const inside = x >= 0 && y >= 0 && x + width <= columns && y + height <= rows;
      if (!inside || found !== channels || seen.length !== width * height * channels) {
        throw new RangeError(
          `expected at most ${columns}×${rows} points of ${channels} channels ` +
            `but received ${width}×${height} of ${found} at (${x}, ${y})`,
        );
      }
      for (let row = 0; row < height; row++) {
        const line = seen.subarray(row * width * channels, (row + 1) * width * channels);
        values.set(line, ((y + row) * columns + x) * channels);
      }
      awaited -= width * height;
    },
  };
}
