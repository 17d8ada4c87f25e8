/** Collects the samples of all tiles, in any order, into one field over the image. */
import type { PointGrid } from "../../image/point-grid.ts";
import type { Sample } from "./sample-field.ts";

/** The samples at the points of a grid. */
export interface SampledField {
  readonly points: PointGrid;
  readonly channels: number;
  /** [points.rows, points.columns, channels]; NaN where a sample is still missing. */
  readonly values: Float32Array<ArrayBuffer>;
  /** Number of points without a sample so far. */
  unseen(): number;
  /** Store the samples of a tile. @throws RangeError if the sample does not fit this field */
  add(sample: Sample): void;
}

/**
 * An empty field; takes 4 bytes × rows × columns × channels.
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
