/**
 * The output, put together from stored tiles when a rectangle of it is asked for: finished samples are copied,
 * seams blended from the residuals of their tiles in the order of their indices, as the canvas in memory does.
 */
import { createSamples, type Samples } from "../../operators/samples.ts";
import type { ImageSource, Raster } from "../../operators/tile.ts";
import { coreSpan } from "../../operators/tiling/axis.ts";
import { type Grid, type GridBlock, planGrid } from "../../operators/tiling/grid.ts";
import { blendPieces } from "../../operators/tiling/pieces.ts";
import type { Rect } from "../../operators/tiling/rect.ts";
import { quantise } from "../workers/quantise.ts";
import { createBlockCache } from "./block-cache.ts";
import { openTile } from "./open-tile.ts";
import type { Extent, Section, StorePlan } from "./tile-layout.ts";

export interface AssembledOptions {
  readonly plan: StorePlan;
  /** The file of a tile; all of them are there. */
  readonly fileOf: (index: number) => string;
  /** Finished blocks kept in memory for the next rectangle, bytes. */
  readonly cacheBytes: number;
}

/**
 * The finished picture over the stored tiles, for writers to pull from. Reads fail with an IoError naming the
 * tile's file where it cannot be read or is shorter than it says.
 */
export function openAssembled({ plan, fileOf, cacheBytes }: AssembledOptions): ImageSource {
  const grid = planGrid(plan.grid);
  const { width, height } = plan.grid;
  const { channels, outputType } = plan;
  const finished = createBlockCache(cacheBytes, (block) => finish(block, grid, plan, fileOf));
  return {
    width,
    height,
    channels,
    sampleType: outputType,
    radiometry: plan.radiometry,
    async read(rect, { signal }) {
      const samples = createSamples(outputType, rect.width * rect.height * channels);
      const raster: Raster = { width: rect.width, height: rect.height, channels, samples };
      for (const block of blocksUnder(grid, rect)) {
        signal.throwIfAborted();
        copyInto(raster, rect, await finished(block), block.rect);
      }
      return raster;
    },
  };
}

/** Every block that has pixels in `rect`, once, in the order of the tiles that own them. */
function* blocksUnder(grid: Grid, rect: Rect): Generator<GridBlock> {
  const columns = tilesUnder(grid.across, rect.x, rect.x + rect.width);
  for (const row of tilesUnder(grid.down, rect.y, rect.y + rect.height))
    for (const column of columns) {
      const index = row * grid.columns + column;
      // A seam is the first tile's: the others reach into it too.
      for (const block of grid.blocks(index))
        if (block.contributors[0] === index && overlap(block.rect, rect)) yield block;
    }
}

/** The tiles of an axis whose interior or a seam of which may lie in [start, end). */
function tilesUnder(axis: Grid["across"], start: number, end: number): readonly number[] {
  const at = (pixel: number): number => {
    if (axis.count === 1) return 0;
    const guess = Math.floor((pixel - axis.halo) / axis.step);
    return Math.min(axis.count - 1, Math.max(0, guess));
  };
  const first = Math.max(0, at(start) - 1);
  const last = Math.min(axis.count - 1, at(end - 1) + 1);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((index) => {
    const core = coreSpan(axis, index);
    return core.start - axis.feather < end && core.end + axis.feather > start;
  });
}

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** The finished samples of a block: [h, w, channels]. */
async function finish(
  block: GridBlock,
  grid: Grid,
  plan: StorePlan,
  fileOf: (index: number) => string,
): Promise<Samples> {
  const [first] = block.contributors as readonly [number];
  const tile = await openTile(fileOf(first), plan, first);
  try {
    const section = sectionOf(tile.sections, block);
    if (section.samples) return await tile.read(section.samples, plan.outputType);
    const pieces = new Map<number, Float32Array<ArrayBuffer>>();
    pieces.set(first, await tile.floats(section.residual));
    for (const index of block.contributors.slice(1)) {
      const other = await openTile(fileOf(index), plan, index);
      try {
        pieces.set(index, await other.floats(sectionOf(other.sections, block).residual));
      } finally {
        await other.close();
      }
    }
    const { width, height } = block.rect;
    const samples = await tile.read(section.source as Extent, plan.sourceType);
    const valid = section.valid && (await tile.read(section.valid, "uint8"));
    const source = {
      ...{ width, height, channels: plan.channels, samples },
      ...(valid && { valid: valid as Uint8Array<ArrayBuffer> }),
    };
    return quantise(source, blendPieces(grid, block, pieces), plan.radiometry, plan.outputType);
  } finally {
    await tile.close();
  }
}

function sectionOf(sections: readonly Section[], block: GridBlock): Section {
  const found = sections.find((section) => section.block.id === block.id);
  if (found === undefined) throw new Error(`a tile has no part of block ${block.id}`);
  return found;
}

/** Copies what `block` has of `rect` to its place. */
function copyInto(raster: Raster, rect: Rect, samples: Samples, block: Rect): void {
  const { channels } = raster;
  const left = Math.max(rect.x, block.x);
  const right = Math.min(rect.x + rect.width, block.x + block.width);
  const top = Math.max(rect.y, block.y);
  const bottom = Math.min(rect.y + rect.height, block.y + block.height);
  for (let y = top; y < bottom; y++) {
    const from = ((y - block.y) * block.width + left - block.x) * channels;
    const to = ((y - rect.y) * rect.width + left - rect.x) * channels;
    raster.samples.set(samples.subarray(from, from + (right - left) * channels), to);
  }
}
