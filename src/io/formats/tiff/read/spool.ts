/**
 * Decodes images whose blocks are too wide to be kept until the next tile needs them. They become one strip without
 * compression in the run's folder, of which any rows and columns can be read.
 */
import { type FileHandle, open, rm } from "node:fs/promises";
import { IoError } from "../../../../errors.ts";
import { openFileBytes } from "../../../system/file-bytes.ts";
import { systemCode, systemMessage } from "../../../system/system-error.ts";
import { type Blocks, openBlocks } from "./blocks.ts";
import { compressions } from "./compressions.ts";
import { blockRows, type Layout, sampleBytes } from "./layout.ts";
import { readWindow } from "./window.ts";

/** True where the blocks that a tile of side `tile` touches do not fit the `kept` bytes. */
export function needsSpool(layout: Layout, tile: number, kept: number): boolean {
  if (layout.compression === compressions.none) return false;
  const { width, height, bands, blockWidth, blockHeight } = layout;
  const rows = Math.min(height, tile + 2 * blockHeight);
  const columns = Math.min(width, tile + 2 * blockWidth);
  return rows * columns * bands * sampleBytes(layout) > kept;
}

export interface Spooled {
  readonly blocks: Blocks;
  /** Deletes the file. */
  close(): Promise<void>;
}

/** Decodes everything into `path`, block by block. @throws IoError where the disk refuses, Error of a block */
export async function spoolBlocks(
  blocks: Blocks,
  path: string,
  signal: AbortSignal,
): Promise<Spooled> {
  const drop = () => rm(path, { force: true });
  try {
    const file = await open(path, "wx");
    try {
      await writeAll(blocks, file, signal);
    } finally {
      await file.close();
    }
    const bytes = await openFileBytes(path);
    const close = async (): Promise<void> => {
      await bytes.close();
      await drop();
    };
    return { blocks: openBlocks(bytes, spoolLayout(blocks.layout), 0), close };
  } catch (cause) {
    await drop();
    throw systemCode(cause) === undefined
      ? cause
      : new IoError(path, systemMessage(cause), { cause });
  }
}

async function writeAll(blocks: Blocks, file: FileHandle, signal: AbortSignal): Promise<void> {
  const { layout } = blocks;
  const { width, bands, blockWidth, blockHeight, across, down } = layout;
  const pixel = bands * sampleBytes(layout);
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      signal.throwIfAborted();
      const [x, y] = [column * blockWidth, row * blockHeight];
      const height = Math.min(blockRows(layout, row), layout.height - y);
      const rect = { x, y, width: Math.min(blockWidth, width - x), height };
      const samples = await readWindow(blocks, rect, signal);
      const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
      // Rows of the full width touch each other: one write for all.
      const rows = rect.width === width ? height : 1;
      for (let at = 0; at < height; at += rows) {
        const part = bytes.subarray(at * rect.width * pixel, (at + rows) * rect.width * pixel);
        await file.write(part, 0, part.length, ((y + at) * width + x) * pixel);
      }
    }
  }
}

/** One strip of pixels whose samples lie together, in the machine's byte order. */
function spoolLayout(layout: Layout): Layout {
  const { width, height, bands } = layout;
  return {
    ...layout,
    planar: false,
    compression: compressions.none,
    predictor: 1,
    littleEndian: new Uint8Array(Uint16Array.of(1).buffer)[0] === 1,
    tiled: false,
    blockWidth: width,
    blockHeight: height,
    across: 1,
    down: 1,
    offsets: [0],
    byteCounts: [width * height * bands * sampleBytes(layout)],
  };
}
