/** Reads raw samples, frame after frame with nothing in between: FFmpeg's rawvideo. */
import { InputError } from "../../errors.ts";
import type { ByteReader } from "../../io/system/byte-reader.ts";
import type { Frame } from "../frames/frame.ts";
import { frameBytes } from "../frames/pixel-form.ts";

/** Yields the frames, each read when it is pulled; closes `bytes` at the end. @throws InputError for a truncated frame */
export async function* readRawFrames(
  bytes: ByteReader,
  { name, ...layout }: Omit<Frame, "data" | "parameters"> & { readonly name: string },
): AsyncGenerator<Frame, void, void> {
  const size = frameBytes(layout.form, layout);
  try {
    for (let count = 1; ; count++) {
      const data = await bytes.take(size);
      if (data.length === 0) return;
      if (data.length < size) throw cutShort(name, { size, count, found: data.length });
      yield { ...layout, data, parameters: "" };
    }
  } finally {
    await bytes.close();
  }
}

/** Returns the number of frames in `length` bytes. @throws InputError if the last frame is truncated */
export function countRawFrames(
  length: number,
  { name, form, ...layout }: Pick<Frame, "form" | "width" | "height"> & { readonly name: string },
): number {
  const size = frameBytes(form, layout);
  const count = Math.floor(length / size);
  const found = length % size;
  if (found > 0) throw cutShort(name, { size, count: count + 1, found });
  return count;
}

function cutShort(
  name: string,
  { size, count, found }: { readonly size: number; readonly count: number; readonly found: number },
): InputError {
  return new InputError(
    name,
    `Expected ${size} bytes of frame ${count} but found ${found} and then the end`,
  );
}
