/**
 * Blends the residuals of tiles, which arrive in any order, into blocks of the output. A block's last tile completes it:
 * the weighted sum of its tiles in the order of their indices. The bytes therefore do not depend on the order of arrival.
 * Only the seams of unfinished neighbours are held.
 */

import type { Rect } from "../../rect.ts";
import type { Grid, Tile } from "./grid.ts";
import { blendPieces, cutPiece, type Planes } from "./pieces.ts";

/** The blended residual of a finished block: [3, rect.height, rect.width] planar. */
export interface CanvasBlock {
  readonly rect: Rect;
  readonly residual: Float32Array<ArrayBuffer>;
}

/** Where tiles meet: their margins wait here for their neighbours. */
export interface Canvas {
  /**
   * Take in a tile's residual; what is needed of it is copied. Returns the blocks it completes.
   * @throws RangeError if the grid has no such tile, it came before, or the planes do not cover it;
   * the canvas is unchanged then.
   */
  add(index: number, planes: Planes): readonly CanvasBlock[];
  /** Bytes of pieces that wait for a neighbour. */
  waitingBytes(): number;
}

/** A canvas on which no tile has arrived yet. */
export function openCanvas(grid: Grid): Canvas {
  const waiting = new Map<number, Map<number, Float32Array<ArrayBuffer>>>();
  const seen = createSeen();
  let bytes = 0;

  return {
    add(index, planes) {
      const tile = grid.tile(index);
      if (seen.has(index)) throw new RangeError(`tile ${index} came twice`);
      checkPlanes(tile, planes);
      seen.add(index);

      const finished: CanvasBlock[] = [];
      for (const block of grid.blocks(index)) {
        const piece = cutPiece(planes, tile.read, block.rect);
        if (block.contributors.length === 1) {
          finished.push({ rect: block.rect, residual: piece });
          continue;
        }
        const pieces = waiting.get(block.id) ?? new Map<number, Float32Array<ArrayBuffer>>();
        pieces.set(index, piece);
        if (pieces.size < block.contributors.length) {
          waiting.set(block.id, pieces);
          bytes += piece.byteLength;
        } else {
          waiting.delete(block.id);
          bytes -= piece.byteLength * (pieces.size - 1);
          finished.push({ rect: block.rect, residual: blendPieces(grid, block, pieces) });
        }
      }
      return finished;
    },
    waitingBytes: () => bytes,
  };
}

function checkPlanes({ index, read }: Tile, { residual, width, height }: Planes): void {
  const wide = width >= read.width && height >= read.height;
  if (wide && residual.length === 3 * width * height) return;
  throw new RangeError(
    `expected planes of at least ${read.width}×${read.height} for tile ${index} ` +
      `but received ${residual.length} values as 3×${height}×${width}`,
  );
}

/** A set of tile indices that stays small while they arrive roughly in order. */
function createSeen(): { has(index: number): boolean; add(index: number): void } {
  const ahead = new Set<number>();
  let below = 0;
  return {
    has: (index) => index < below || ahead.has(index),
    add(index) {
      ahead.add(index);
      while (ahead.delete(below)) below++;
    },
  };
}
