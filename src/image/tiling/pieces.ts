/** Merges the pieces that tiles contribute to a block of the output. */

import type { Rect } from "../../rect.ts";
import { weightsOf } from "./feather.ts";
import type { Grid, GridBlock } from "./grid.ts";

/** The residual of a whole tile: [3, height, width] planar, at least as large as what the tile reads. */
export interface Planes {
  readonly residual: Float32Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/**
 * Σ weight · piece over the tiles of a block, by ascending index, rounded to float32 after each tile. `rect` may be
 * a part of the block, with pieces cut likewise: a pixel's sum does not depend on its neighbours.
 */
export function blendPieces(
  grid: Grid,
  { rect, contributors }: Pick<GridBlock, "rect" | "contributors">,
  pieces: ReadonlyMap<number, Float32Array<ArrayBuffer>>,
): Float32Array<ArrayBuffer> {
  const { width, height } = rect;
  const sum = new Float32Array(3 * width * height);
  for (const index of contributors) {
    const piece = pieces.get(index) as Float32Array;
    const across = weightsOf(grid.across, index % grid.columns, {
      start: rect.x,
      end: rect.x + width,
    });
    const down = weightsOf(grid.down, Math.floor(index / grid.columns), {
      start: rect.y,
      end: rect.y + height,
    });
    for (let line = 0, i = 0; line < 3 * height; line++) {
      const lineWeight = down[line % height] as number;
      for (let x = 0; x < width; x++, i++) {
        const weight = lineWeight * (across[x] as number);
        sum[i] = (sum[i] as number) + weight * (piece[i] as number);
      }
    }
  }
  return sum;
}

/** The part of a tile's planes that lies under `rect`, as planes of its own. */
export function cutPiece(planes: Planes, read: Rect, rect: Rect): Float32Array<ArrayBuffer> {
  const piece = new Float32Array(3 * rect.width * rect.height);
  for (let channel = 0, to = 0; channel < 3; channel++) {
    for (let y = 0; y < rect.height; y++, to += rect.width) {
      const line = channel * planes.height + rect.y - read.y + y;
      const from = line * planes.width + rect.x - read.x;
      piece.set(planes.residual.subarray(from, from + rect.width), to);
    }
  }
  return piece;
}
