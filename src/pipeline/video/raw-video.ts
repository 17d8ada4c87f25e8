/** Bare samples, frame after frame, with nothing between them: what FFmpeg calls rawvideo. */
import { InputError } from "../../errors.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { Frame } from "./frame.ts";
import { frameBytes } from "./pixel-form.ts";

/** The frames, each read when it is asked for. @throws InputError in place of one that is cut short */
export async function* readRawFrames(
  bytes: ByteReader,
  { name, ...layout }: Omit<Frame, "data" | "parameters"> & { readonly name: string },
): AsyncGenerator<Frame, void, void> {
  const size = frameBytes(layout.form, layout);
  try {
    for (let count = 1; ; count++) {
      const data = await bytes.take(size);
      if (data.length === 0) return;
      if (data.length < size) {
        throw new InputError(
          name,
          `Expected ${size} bytes of frame ${count} but found ${data.length} and then the end`,
        );
      }
      yield { ...layout, data, parameters: "" };
    }
  } finally {
    await bytes.close();
  }
}
