/** Reads frames from the bytes of a YUV4MPEG2 stream, and encodes frames to bytes, one at a time. */
import { InputError } from "../../errors.ts";
import type { ByteReader } from "../../io/system/byte-reader.ts";
import type { Frame } from "../frames/frame.ts";
import { frameBytes } from "../frames/pixel-form.ts";
import {
  type ColourChoice,
  colourOf,
  longestLine,
  parseY4mHeader,
  type Y4mHeader,
} from "./y4m-header.ts";

/** Reads the header. @throws InputError if the stream does not begin with one */
export async function readY4mHeader(
  bytes: ByteReader,
  limits: { readonly name: string; readonly maxPixels: number },
): Promise<Y4mHeader> {
  const line = await bytes.line(longestLine);
  if (line?.whole === true) return parseY4mHeader(line.text, limits);
  const found = line === undefined ? "nothing" : `${line.text.length} bytes without an end of line`;
  throw new InputError(limits.name, `Expected the header of a YUV4MPEG2 stream but found ${found}`);
}

/**
 * Yields the frames after the header, each read when it is pulled; closes `bytes` at the end.
 * @throws InputError in place of a frame that is truncated or does not begin with the word FRAME
 */
export async function* readY4mFrames(
  bytes: ByteReader,
  header: Y4mHeader,
  { name, ...choice }: ColourChoice & { readonly name: string },
): AsyncGenerator<Frame, void, void> {
  const { width, height, form } = header;
  const colour = colourOf(header, choice);
  const size = frameBytes(form, header);
  try {
    for (let count = 1; ; count++) {
      const line = await bytes.line(longestLine);
      if (line === undefined) return;
      if (!line.whole || !/^FRAME(?: |$)/.test(line.text)) {
        const found = line.whole ? "another line" : "no end of line";
        throw new InputError(name, `Expected the line FRAME of frame ${count} but found ${found}`);
      }
      const data = await bytes.take(size);
      if (data.length < size) {
        throw new InputError(
          name,
          `Expected ${size} bytes of frame ${count} but found ${data.length} and then the end`,
        );
      }
      yield { width, height, form, colour, data, parameters: line.text.slice("FRAME".length) };
    }
  } finally {
    await bytes.close();
  }
}

/** Returns the header's bytes as they were read. */
export function y4mHeaderBytes({ line }: Y4mHeader): Uint8Array {
  return Buffer.from(`${line}\n`, "latin1");
}

/** Returns a frame's bytes: its line with its original parameters, and its samples. */
export function y4mFrameBytes({ parameters, data }: Frame): readonly Uint8Array[] {
  return [Buffer.from(`FRAME${parameters}\n`, "latin1"), data];
}
