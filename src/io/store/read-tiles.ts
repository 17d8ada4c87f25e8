/**
 * Reads a rectangle of the finished image from the files of its tiles. Finished samples are copied; seams are blended
 * from the residuals of their tiles in the order of their indices and quantised, as the canvas in memory does. Only
 * what lies under the rectangle is read, and one file is open at a time.
 */
import { IoError } from "../../errors.ts";
import { freeBuffers } from "../../free-buffers.ts";
import { quantise } from "../../image/quantise.ts";
import type { Raster } from "../../image/raster.ts";
import { createSamples, type Samples } from "../../image/samples.ts";
import { type Grid, type GridBlock, planGrid } from "../../image/tiling/grid.ts";
import { blendPieces } from "../../image/tiling/pieces.ts";
import type { Rect } from "../../rect.ts";
import { borrowBytes } from "../pool/task.ts";
import { type Disk, readFully, withFile } from "../system/disk.ts";
import type { StorePlan } from "./store-plan.ts";
import { type Extent, layOutTile, type Section, storedHeaderBytes } from "./stored-layout.ts";
import { readTileHeader } from "./tile-header.ts";
import { tileFile } from "./tile-names.ts";

export interface ReadTilesJob {
  readonly plan: StorePlan;
  /** The folder of the tiles. */
  readonly tiles: string;
  /** Of the run. */
  readonly identity: string;
  /** Inside the image. */
  readonly rect: Rect;
}

/** @throws IoError naming the file that cannot be read, or is not what was stored */
export function readTiles({ plan, tiles, identity, rect }: ReadTilesJob, disk: Disk): Raster {
  const { channels, outputType } = plan;
  const { width, height } = rect;
  const samples = createSamples(outputType, width * height * channels);
  const grid = planGrid(plan.grid);
  const open: OpenBlock = (index, block, use) =>
    openBlock({ path: tileFile(tiles, index), identity, index, block, plan, disk }, use);
  const line = width * channels;
  for (const block of grid.blocksUnder(rect)) {
    const under = intersection(block.rect, rect);
    const start = (under.y - rect.y) * line + (under.x - rect.x) * channels;
    const [index] = block.contributors as [number];
    if (block.contributors.length === 1) {
      open(index, block, ({ section, copy }) =>
        copy(section.samples, { under, channels, to: samples, start, line }),
      );
      continue;
    }
    const seam = readSeam(open, grid, block, under, plan);
    const seamLine = under.width * channels;
    for (let y = 0; y < under.height; y++)
      samples.set(seam.subarray(y * seamLine, (y + 1) * seamLine), start + y * line);
    freeBuffers(seam);
  }
  return { width, height, channels, samples };
}

/** Opens a tile's file for as long as `use` reads what it has of a block. */
type OpenBlock = <T>(index: number, block: GridBlock, use: (part: OpenPart) => T) => T;

interface OpenPart {
  readonly section: Section;
  /** Copies what of a plane of the block lies under a rectangle. */
  copy(extent: Extent | undefined, part: PlanePart): void;
}

interface PlanePart {
  readonly under: Rect;
  /** Samples of a pixel. */
  readonly channels: number;
  /** Of the plane's type; filled from `start` on, rows `line` samples apart, else one after the other. */
  readonly to: Samples;
  readonly start?: number;
  readonly line?: number;
}

function openBlock<T>(
  {
    path,
    identity,
    index,
    block,
    plan,
    disk,
  }: {
    readonly path: string;
    readonly identity: string;
    readonly index: number;
    readonly block: GridBlock;
    readonly plan: StorePlan;
    readonly disk: Disk;
  },
  use: (part: OpenPart) => T,
): T {
  return withFile(disk, path, "r", (fd) => {
    const read = (bytes: Uint8Array, position: number): void => {
      if (!readFully(disk, fd, bytes, position)) throw changed(path, index);
    };
    const start = Buffer.alloc(storedHeaderBytes);
    read(start, 0);
    const header = readTileHeader(start);
    if (header?.index !== index || header.identity !== identity) throw changed(path, index);
    const { sections } = layOutTile(plan, index, header.masked);
    return use({
      section: sections.find((section) => section.block.id === block.id) as Section,
      copy(extent, { under, channels, to, start = 0, line = under.width * channels }) {
        const size = channels * to.BYTES_PER_ELEMENT;
        const { x, y, width } = block.rect;
        // Whole lines of the block, which lie together; what is beside the rectangle is left out.
        const lines = borrowBytes(width * size * under.height);
        read(lines, (extent as Extent).offset + (under.y - y) * width * size);
        const bytes = new Uint8Array(to.buffer, to.byteOffset, to.byteLength);
        for (let row = 0; row < under.height; row++) {
          const from = (row * width + under.x - x) * size;
          const place = (start + row * line) * to.BYTES_PER_ELEMENT;
          bytes.set(lines.subarray(from, from + under.width * size), place);
        }
      },
    });
  });
}

function readSeam(
  open: OpenBlock,
  grid: Grid,
  block: GridBlock,
  under: Rect,
  plan: StorePlan,
): Samples {
  const { width, height } = under;
  const { channels, sourceType, outputType, radiometry } = plan;
  const { contributors } = block;
  const pieces = new Map<number, Float32Array<ArrayBuffer>>();
  let source: Raster | undefined;
  for (const index of contributors) {
    open(index, block, ({ section, copy }) => {
      const { offset, bytes } = section.residual as Extent;
      const piece = new Float32Array(3 * width * height);
      for (const plane of [0, 1, 2]) {
        const extent = { offset: offset + (plane * bytes) / 3, bytes: bytes / 3 };
        copy(extent, { under, channels: 1, to: piece, start: plane * width * height });
      }
      pieces.set(index, piece);
      if (section.source === undefined) return;
      const samples = createSamples(sourceType, width * height * channels);
      copy(section.source, { under, channels, to: samples });
      const valid = section.valid && new Uint8Array(width * height);
      if (valid) copy(section.valid, { under, channels: 1, to: valid });
      source = { width, height, channels, samples, ...(valid && { valid }) };
    });
  }
  // The first of the block's tiles has them.
  const blurry = source as unknown as Raster;
  const residual = blendPieces(grid, { rect: under, contributors }, pieces);
  const samples = quantise(blurry, residual, radiometry, outputType);
  freeBuffers(blurry.samples, residual, ...pieces.values());
  return samples;
}

function intersection(a: Rect, b: Rect): Rect {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return { x, y, width, height };
}

function changed(path: string, index: number): IoError {
  return new IoError(path, `is not the result of tile ${index} that was stored`);
}
