/** Reports a reduced copy of the net's input while tiles are restored. */
import { identity, type MonoTypeOperatorFunction, tap } from "rxjs";
import type { PointGrid } from "../../image/point-grid.ts";
import type { Rect } from "../../rect.ts";
import type { DecodedTile } from "../stages/tile.ts";
import type { Sampling } from "./sample-field.ts";

/**
 * Report the image at chosen points, before it goes to the device.
 *
 * DecodedTile → the same. Samples have 3 channels: red, green, blue in 0..1, the mean over the square of side
 * `spacing` around each point, as far as the tile reads it.
 *
 * **Warning**: reads every pixel on the caller's thread; use it for overviews, not for every run.
 *
 *     of(decoded).pipe(sampleImage([{ points, onSample }]))
 *
 * @throws the errors of `onSample`.
 */
export function sampleImage(samplings: readonly Sampling[]): MonoTypeOperatorFunction<DecodedTile> {
  if (samplings.length === 0) return identity;
  return tap((decoded) => {
    for (const { points, onSample } of samplings) {
      const mine = points.within(decoded.tile.core);
      if (mine.width === 0 || mine.height === 0) continue;
      const values = meansAt(mine, points, decoded);
      onSample({ tile: decoded.tile, points: mine, channels: 3, values });
    }
  });
}

/** The mean colour around each point, row by row. */
function meansAt(
  { x, y, width, height }: Rect,
  points: PointGrid,
  { tile: { read }, pixels, width: line, height: lines }: DecodedTile,
): Float32Array<ArrayBuffer> {
  const { spacing } = points;
  const values = new Float32Array(height * width * 3);
  const around = (pixel: number, side: number): readonly [start: number, end: number] => {
    const start = pixel - Math.floor(spacing / 2);
    return [Math.max(0, start), Math.min(side, start + spacing)];
  };
  for (let i = 0; i < height * width; i++) {
    const [left, right] = around(points.x(x + (i % width)) - read.x, read.width);
    const [top, bottom] = around(points.y(y + Math.floor(i / width)) - read.y, read.height);
    for (let channel = 0; channel < 3; channel++) {
      let sum = 0;
      for (let row = top; row < bottom; row++) {
        const start = (channel * lines + row) * line;
        for (let at = start + left; at < start + right; at++) sum += pixels[at] as number;
      }
      values[3 * i + channel] = sum / ((right - left) * (bottom - top));
    }
  }
  return values;
}
