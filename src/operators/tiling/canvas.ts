/**
 * In go the residuals of tiles, in any order; out comes each block of the output, once, with the tile that
 * completes it. A block is the weighted sum of its tiles in the order of their indices, never in the order of
 * arrival, so the bytes do not depend on luck. What waits is the seams of unfinished neighbours, nothing else.
 */
import { weightsOf } from "./feather.ts";
import type { Grid, GridBlock, Tile } from "./grid.ts";
import type { Rect } from "./rect.ts";

/** The residual of a whole tile: [3, height, width] planar, at least as large as what the tile reads. */
interface Planes {
  readonly residual: Float32Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** The blended residual of a finished block: [3, rect.height, rect.width] planar. */
export interface CanvasBlock {
  readonly rect: Rect;
  readonly residual: Float32Array<ArrayBuffer>;
}

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
          finished.push({ rect: block.rect, residual: weightedSum(grid, block, pieces) });
        }
      }
      return finished;
    },
    waitingBytes: () => bytes,
  };
}

/** Σ weight · piece over the tiles of a block, by ascending index, rounded to float32 after each tile. */
function weightedSum(
  grid: Grid,
  { rect, contributors }: GridBlock,
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
function cutPiece(planes: Planes, read: Rect, rect: Rect): Float32Array<ArrayBuffer> {
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
