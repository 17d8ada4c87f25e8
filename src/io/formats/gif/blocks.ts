/** Reads a GIF from its start to its first image, block by block, as the GIF89a specification has them. */
import { type FileHandle, open } from "node:fs/promises";

const screenEnd = 13;
const extension = 0x21;
/** What stands before an image's descriptor. */
export const imageMark = 0x2c;
const windowBytes = 2 ** 16;

/** Lets `read` have the bytes of the GIF at `path`; `cut` is what comes of one that ends before it is done. */
export async function readGif<T>(
  path: string,
  cut: T,
  read: (bytes: GifBytes) => Promise<T>,
): Promise<T> {
  const file = await open(path, "r");
  try {
    return await read(bytesOf(file));
  } catch (error) {
    if (error instanceof EndOfFile) return cut;
    throw error;
  } finally {
    await file.close();
  }
}

/** Gives `take` each extension, which it reads to its end, before the first mark of another kind, and returns that. */
export async function upToImage(
  bytes: GifBytes,
  take: (label: number, blocks: AsyncIterable<Buffer>) => Promise<void>,
): Promise<number | undefined> {
  const screen = await bytes.take(screenEnd);
  await bytes.take(tableBytes(screen[10] as number));
  for (;;) {
    const [mark] = await bytes.take(1);
    if (mark !== extension) return mark;
    const [label = 0] = await bytes.take(1);
    await take(label, blocksOf(bytes));
  }
}

/** The bytes of a file in order. */
export interface GifBytes {
  /** The next `length` bytes. @throws EndOfFile where there are fewer. */
  take(length: number): Promise<Buffer>;
}

class EndOfFile extends Error {}

function bytesOf(file: FileHandle): GifBytes {
  let window: Buffer = Buffer.alloc(0);
  let at = 0;
  let windowEnd = 0;
  return {
    async take(length) {
      if (at + length > window.length) {
        const start = windowEnd - (window.length - at);
        const { buffer, bytesRead } = await file.read(
          Buffer.alloc(windowBytes),
          0,
          windowBytes,
          start,
        );
        window = buffer.subarray(0, bytesRead);
        windowEnd = start + bytesRead;
        at = 0;
        if (length > bytesRead) throw new EndOfFile();
      }
      at += length;
      return window.subarray(at - length, at);
    },
  };
}

/** Data in blocks of up to 255 bytes, each after its length, until one of none. */
export async function* blocksOf(bytes: GifBytes): AsyncGenerator<Buffer> {
  for (;;) {
    const [length = 0] = await bytes.take(1);
    if (length === 0) return;
    yield await bytes.take(length);
  }
}

/** Bytes of the colour table these flags announce. */
export function tableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}
