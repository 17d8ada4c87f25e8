/**
 * A rectangle of the finished picture out of the files of its tiles: finished samples are copied, seams blended from
 * the residuals of their tiles in the order of their indices and quantised, as the canvas in memory does. Only what
 * lies under the rectangle is read, and one file is open at a time.
 */
import { IoError } from "../../errors.ts";
import { bitsOf, createSamples, type Samples, type SampleType } from "../../operators/samples.ts";
import type { Raster } from "../../operators/tile.ts";
import { type Grid, type GridBlock, planGrid } from "../../operators/tiling/grid.ts";
import { blendPieces } from "../../operators/tiling/pieces.ts";
import type { Rect } from "../../operators/tiling/rect.ts";
import { type Disk, readFully, withFile } from "../store/disk.ts";
import { readTileHeader } from "../store/tile-header.ts";
import {
  type Extent,
  headerBytes,
  layOutTile,
  type Section,
  type StorePlan,
} from "../store/tile-layout.ts";
import { tileFile } from "../store/tile-names.ts";
import { quantise } from "./quantise.ts";

export interface ReadTilesJob {
  readonly plan: StorePlan;
  /** The folder of the tiles. */
  readonly tiles: string;
  /** Of the run. */
  readonly identity: string;
  /** Inside the picture. */
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
  for (const block of grid.blocksUnder(rect)) {
    const under = intersection(block.rect, rect);
    const part =
      block.contributors.length === 1
        ? readOwn(open, block, under, plan)
        : readSeam(open, grid, block, under, plan);
    const line = under.width * channels;
    for (let y = 0; y < under.height; y++) {
      const to = ((under.y - rect.y + y) * width + under.x - rect.x) * channels;
      samples.set(part.subarray(y * line, (y + 1) * line), to);
    }
  }
  return { width, height, channels, samples };
}

/** Opens a tile's file for as long as `use` reads what it has of a block. */
type OpenBlock = <T>(index: number, block: GridBlock, use: (part: OpenPart) => T) => T;

interface OpenPart {
  readonly section: Section;
  /** The lines of one plane of the block, `channels` samples a pixel, that lie under a rectangle. */
  lines(extent: Extent | undefined, type: SampleType, channels: number, under: Rect): Samples;
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
    const start = Buffer.alloc(headerBytes);
    read(start, 0);
    const header = readTileHeader(start);
    if (header?.index !== index || header.identity !== identity) throw changed(path, index);
    const { sections } = layOutTile(plan, index, header.masked);
    return use({
      section: sections.find((section) => section.block.id === block.id) as Section,
      lines(extent, type, channels, under) {
        // Whole lines of the block, which lie together; what is beside the rectangle is left out.
        const line = block.rect.width * channels;
        const whole = createSamples(type, line * under.height);
        const first = ((under.y - block.rect.y) * line * bitsOf(type)) / 8;
        read(new Uint8Array(whole.buffer), (extent as Extent).offset + first);
        return under.width === block.rect.width ? whole : columnsOf(whole, block, under, channels);
      },
    });
  });
}

/** Of whole lines of a block, the columns under a rectangle. */
function columnsOf(whole: Samples, { rect }: GridBlock, under: Rect, channels: number): Samples {
  const line = under.width * channels;
  const cut = whole.slice(0, line * under.height);
  for (let y = 0; y < under.height; y++) {
    const from = (y * rect.width + under.x - rect.x) * channels;
    cut.set(whole.subarray(from, from + line), y * line);
  }
  return cut;
}

function readOwn(open: OpenBlock, block: GridBlock, under: Rect, plan: StorePlan): Samples {
  return open(block.contributors[0] as number, block, ({ section, lines }) =>
    lines(section.samples, plan.outputType, plan.channels, under),
  );
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
    open(index, block, ({ section, lines }) => {
      const { offset, bytes } = section.residual as Extent;
      const piece = new Float32Array(3 * width * height);
      for (const plane of [0, 1, 2]) {
        const extent = { offset: offset + (plane * bytes) / 3, bytes: bytes / 3 };
        piece.set(lines(extent, "float32", 1, under), plane * width * height);
      }
      pieces.set(index, piece);
      if (section.source === undefined) return;
      const samples = lines(section.source, sourceType, channels, under);
      const valid =
        section.valid && (lines(section.valid, "uint8", 1, under) as Uint8Array<ArrayBuffer>);
      source = { width, height, channels, samples, ...(valid && { valid }) };
    });
  }
  // The first of the block's tiles has them.
  const blurry = source as unknown as Raster;
  const residual = blendPieces(grid, { rect: under, contributors }, pieces);
  return quantise(blurry, residual, radiometry, outputType);
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
