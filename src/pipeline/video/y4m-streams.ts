/** YUV4MPEG2 for pipelines of your own: any stream of bytes in, frames out, and back, at the reader's pace. */

import { readBytes } from "../../io/system/byte-reader.ts";
import { untilReturned } from "../../operators/flow/pulled.ts";
import type { Frame } from "../frames/frame.ts";
import { readY4mFrames, readY4mHeader, y4mFrameBytes, y4mHeaderBytes } from "./y4m.ts";
import type { ColourChoice, Y4mHeader } from "./y4m-header.ts";

/** What its messages call the stream, how large frames may be, and what its header does not say. */
export interface OpenY4mOptions extends ColourChoice {
  /** What messages call the stream. */
  readonly name?: string;
  /** Of a frame; larger ones are refused before anything of that size is made. */
  readonly maxPixels?: number;
}

/**
 * The header of `stream`, a Node Readable or any async iterable of bytes, and its frames. A frame is read when it is
 * asked for; who stops asking ends the stream.
 *
 *     const { header, frames } = await openY4m(process.stdin);
 *
 * @throws InputError where the stream is none; `frames` likewise, in place of a frame that is cut short
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
 * The bytes of a stream, header and frame lines as they were read; a frame is asked for when its bytes are. Who stops
 * asking returns `frames`, at once.
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
