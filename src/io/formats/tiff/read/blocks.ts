/**
 * Reads parts of blocks. Decoded blocks are kept within a budget of bytes, because neighbouring tiles need the same
 * ones. Of large blocks without compression only the requested rows are read.
 */
import { createSamples, type Samples } from "../../../../image/samples.ts";
import type { Rect } from "../../../../rect.ts";
import type { Bytes } from "../../../system/bytes.ts";
import { createLru } from "../../../system/lru.ts";
import { compressions } from "./compressions.ts";
import { decodeBlock, samplesFromBytes } from "./decode-block.ts";
import { blockBands, blockRows, type Layout, rowBytes, usuallyKept } from "./layout.ts";

/** Blocks that are decoded at the same time; together they take half of what is kept, or they are one. */
const mostDecoding = 8;
/** Larger blocks without compression are read in parts. */
const largestWhole = 2 ** 20;

/** Samples [height, width, bands of a block]; of a mask of 1 bit one byte a pixel, 0 or 1. */
export interface BlockPart {
  readonly samples: Samples;
  readonly width: number;
  readonly height: number;
}

export interface Blocks {
  readonly layout: Layout;
  /** Pixels of what is read and decoded at once, at least. */
  readonly unit: { readonly blockWidth: number; readonly blockHeight: number };
  /** Part `rect`, in the block's own pixels, of the block of plane `plane` at row `row` and column `column`. */
  part(plane: number, row: number, column: number, rect: Rect): Promise<BlockPart>;
}

/** `nodata` fills blocks that are not stored; decoded ones are kept up to `kept` bytes. */
export function openBlocks(
  bytes: Bytes,
  layout: Layout,
  nodata: number,
  kept: number = usuallyKept,
): Blocks {
  const { across, down, blockWidth, offsets, byteCounts } = layout;
  const fullBytes = rowBytes(layout, blockWidth) * layout.blockHeight;
  const inParts = layout.compression === compressions.none && fullBytes > largestWhole;
  const decoded = createLru<number, Promise<Samples>>(kept);
  const places = Math.max(1, Math.min(mostDecoding, Math.floor(kept / 2 / fullBytes)));
  const gate = createGate(places);

  const decode = (index: number, row: number): Promise<Samples> => {
    const before = decoded.get(index);
    if (before !== undefined) return before;
    const block = gate(async () => {
      const length = byteCounts[index] as number;
      assertPlausible(layout, length, rowBytes(layout, blockWidth) * blockRows(layout, row));
      const stored = await bytes.read(offsets[index] as number, length);
      return decodeBlock(layout, row, stored);
    });
    // The caller that waits for the block gets the failure; it is not cached.
    block.catch(() => decoded.delete(index));
    decoded.set(index, block, fullBytes);
    return block;
  };

  const wholeRows = Math.max(1, Math.floor(largestWhole / rowBytes(layout, blockWidth)));
  return {
    layout,
    unit: { blockWidth, blockHeight: inParts ? wholeRows : layout.blockHeight },
    async part(plane, row, column, rect) {
      const index = (plane * down + row) * across + column;
      if (byteCounts[index] === 0) return empty(layout, rect, nodata);
      if (inParts) return readRows(bytes, layout, offsets[index] as number, rect);
      return cut(layout, await decode(index, row), rect);
    },
  };
}

/** How many times larger data can become at most; others have no bound that would help. */
const largestGain: Readonly<Record<number, number>> = {
  [compressions.deflate]: 1040,
  [compressions.oldDeflate]: 1040,
  [compressions.lzw]: 2800,
  [compressions.packBits]: 64,
};

/** Before memory is asked for. @throws Error where so few bytes cannot become the block */
function assertPlausible({ compression }: Layout, stored: number, expected: number): void {
  if (compression !== compressions.none && stored > 4 * expected + 2 ** 20) {
    throw new Error(`a block of ${expected} bytes cannot take ${stored}`);
  }
  const gain = largestGain[compression];
  if (gain !== undefined && stored * gain + 1024 < expected) {
    throw new Error(`a block of ${stored} bytes cannot become ${expected}`);
  }
}

function empty(layout: Layout, { width, height }: Rect, nodata: number): BlockPart {
  const samples = createSamples(layout.sampleType, width * height * blockBands(layout));
  return { samples: samples.fill(nodata), width, height };
}

/** A block's rows without compression lie at known places. */
async function readRows(
  bytes: Bytes,
  layout: Layout,
  offset: number,
  { x, y, width, height }: Rect,
): Promise<BlockPart> {
  const line = rowBytes(layout, layout.blockWidth);
  const pixel = rowBytes(layout, 1);
  const part = new Uint8Array(height * width * pixel);
  const read = async (row: number): Promise<void> => {
    part.set(
      await bytes.read(offset + (y + row) * line + x * pixel, width * pixel),
      row * width * pixel,
    );
  };
  for (let row = 0; row < height; row += mostDecoding) {
    const some = Math.min(mostDecoding, height - row);
    await Promise.all(Array.from({ length: some }, (_, i) => read(row + i)));
  }
  return { samples: samplesFromBytes(layout, part, part.length), width, height };
}

/** A copy of a part of a decoded block. */
function cut(layout: Layout, block: Samples, { x, y, width, height }: Rect): BlockPart {
  if (layout.bits === 1)
    return { samples: unpacked(layout, block, { x, y, width, height }), width, height };
  const bands = blockBands(layout);
  const line = layout.blockWidth * bands;
  if (width === layout.blockWidth) {
    const samples = block.subarray(y * line, (y + height) * line) as Samples;
    return { samples, width, height };
  }
  const samples = createSamples(layout.sampleType, width * height * bands);
  for (let row = 0; row < height; row++) {
    const start = (y + row) * line + x * bands;
    samples.set(block.subarray(start, start + width * bands), row * width * bands);
  }
  return { samples, width, height };
}

/** Eight pixels a byte, the first one highest. */
function unpacked(layout: Layout, block: Samples, { x, y, width, height }: Rect): Samples {
  const line = rowBytes(layout, layout.blockWidth);
  const pixels = new Uint8Array(width * height);
  for (let row = 0, to = 0; row < height; row++) {
    for (let column = x; column < x + width; column++) {
      const byte = block[(y + row) * line + (column >> 3)] as number;
      pixels[to++] = (byte >> (7 - (column & 7))) & 1;
    }
  }
  return pixels;
}

type Gate = <T>(call: () => Promise<T>) => Promise<T>;

/** Lets at most `places` calls run at a time; the others wait in turn. */
function createGate(places: number): Gate {
  let free = places;
  const waiting: (() => void)[] = [];
  return async (call) => {
    if (free > 0) free--;
    else await new Promise<void>((enter) => waiting.push(enter));
    try {
      return await call();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
