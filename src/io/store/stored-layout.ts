/**
 * Lays out the file of one tile: which bytes hold which samples. Blocks of the tile alone are stored as finished
 * samples. Blocks shared with neighbours are stored as the tile's residual, and the first tile of a seam adds the
 * source's samples. So a seam is blended from the files of its tiles, in any order, on any machine.
 */
import { bitsOf, type SampleType } from "../../image/samples.ts";
import { type GridBlock, planGrid } from "../../image/tiling/grid.ts";
import type { StorePlan } from "./store-plan.ts";

/** Bytes of the file. */
export interface Extent {
  readonly offset: number;
  readonly bytes: number;
}

/** A block the tile reaches into. One that is its own has `samples`; a seam has `residual`. */
export interface Section {
  readonly block: GridBlock;
  /** Finished: [h, w, channels] of the output's type. */
  readonly samples?: Extent;
  /** Of this tile: [3, h, w] float32. */
  readonly residual?: Extent;
  /** [h, w, channels] of the source's type; with the first tile of a seam. */
  readonly source?: Extent;
  /** [h, w]; with `source`, in a file that is masked. */
  readonly valid?: Extent;
}

export interface StoredLayout {
  readonly sections: readonly Section[];
  /** Of the whole file. */
  readonly byteLength: number;
}

/** Where the first section begins; the header lies before it. */
export const storedHeaderBytes = 64;

/**
 * The layout of tile `index`. `masked`: its source came with a mask of valid pixels.
 * @throws RangeError if the grid has no such tile
 */
export function layOutTile(plan: StorePlan, index: number, masked: boolean): StoredLayout {
  let end = storedHeaderBytes;
  const extent = (bytes: number): Extent => {
    const offset = end;
    // Every sample type starts at a multiple of its size.
    end += Math.ceil(bytes / 8) * 8;
    return { offset, bytes };
  };
  const sections = planGrid(plan.grid)
    .blocks(index)
    .map((block): Section => {
      const pixels = block.rect.width * block.rect.height;
      const samples = (type: SampleType): Extent =>
        extent((pixels * plan.channels * bitsOf(type)) / 8);
      if (block.contributors.length === 1) return { block, samples: samples(plan.outputType) };
      const residual = extent(pixels * 3 * 4);
      if (block.contributors[0] !== index) return { block, residual };
      const source = samples(plan.sourceType);
      return { block, residual, source, ...(masked && { valid: extent(pixels) }) };
    });
  return { sections, byteLength: end };
}
