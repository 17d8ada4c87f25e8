/** Reads and writes YUV4MPEG2 for a pipeline of your own, from any stream of bytes and at the reader's pace. */
import { readBytes } from "../../io/system/byte-reader.ts";
import { untilReturned } from "../../operators/flow/pulled.ts";
import type { Frame } from "../frames/frame.ts";
import { readY4mFrames, readY4mHeader, y4mFrameBytes, y4mHeaderBytes } from "./y4m.ts";
import type { ColourChoice, Y4mHeader } from "./y4m-header.ts";

/** The stream's name in messages, the limit of its frames, and the meaning of its numbers. */
export interface OpenY4mOptions extends ColourChoice {
  /** The stream's name in messages. Default "video". */
  readonly name?: string;
  /** Most pixels of a frame; a larger one is refused before it is allocated. Default 2²⁸. */
  readonly maxPixels?: number;
}

/**
 * Reads the header of `stream`, a Node Readable or any async iterable of bytes, and returns it with the frames. A frame
 * is read when it is pulled. Returning the iterator of `frames` ends the stream.
 *
 *     const { header, frames } = await openY4m(process.stdin);
 *
 * @throws InputError if the stream is no YUV4MPEG2; `frames` throws it in place of a truncated frame
 */
export async function openY4m(
  stream: AsyncIterable<Uint8Array>,
  { name = "video", maxPixels = 2 ** 28, ...choice }: OpenY4mOptions = {},
): Promise<{ readonly header: Y4mHeader; readonly frames: AsyncIterable<Frame> }> {
  const bytes = readBytes(stream);
  const header = await readY4mHeader(bytes, { name, maxPixels });
  return { header, frames: readY4mFrames(bytes, header, { name, ...choice }) };
}

/**
 * Encodes a stream to bytes, with header and frame lines as they were read. A frame is pulled when its bytes are.
 * Returning the iterator of the bytes returns that of `frames` at once.
 *
 *     await pipeline(encodeY4m(header, frames), process.stdout);
 */
export function encodeY4m(
  header: Y4mHeader,
  frames: Iterable<Frame> | AsyncIterable<Frame>,
): AsyncIterableIterator<Uint8Array, void, void> {
  const iterator =
    Symbol.asyncIterator in frames ? frames[Symbol.asyncIterator]() : frames[Symbol.iterator]();
  async function* bytes(): AsyncGenerator<Uint8Array, void, void> {
    yield y4mHeaderBytes(header);
    for (;;) {
      const step = await iterator.next();
      if (step.done) return;
      yield* y4mFrameBytes(step.value);
    }
  }
  return untilReturned(bytes(), () => iterator.return?.());
}
