/**
 * Stores an image that an evaluation makes and measures. Rectangles go into a file of bare samples, in any order, and
 * can be read again. Its memory is a rectangle's, whatever its size.
 */
import { type FileHandle, open, rm } from "node:fs/promises";
import { IoError } from "../../errors.ts";
import type { ImageSource } from "../../image/raster.ts";
import { bitsOf, createSamples, type Samples } from "../../image/samples.ts";
import type { Rect } from "../../rect.ts";
import { systemCode, systemMessage } from "../system/system-error.ts";

export interface ScratchImage extends ImageSource {
  /** Interleaved samples of the image's type. @throws IoError where the disk refuses */
  put(rect: Rect, samples: Samples): Promise<void>;
  /** Deletes the file. Idempotent. */
  close(): Promise<void>;
}

/** An image of zeros, after `head` in its file; the caller closes it. @throws IoError naming the file */
export async function openScratchImage(
  path: string,
  size: {
    readonly width: number;
    readonly height: number;
    readonly channels: number;
    readonly sampleType: "uint8" | "float32";
  },
  head: Uint8Array = new Uint8Array(),
): Promise<ScratchImage> {
  const { width, height, channels, sampleType } = size;
  const pixelBytes = (channels * bitsOf(sampleType)) / 8;
  const file = await named(path, () => open(path, "wx+"));
  const drop = async (): Promise<void> => {
    await file.close();
    await rm(path, { force: true });
  };
  try {
    await named(path, () => writeAll(file, head, 0));
    await named(path, () => file.truncate(head.length + width * height * pixelBytes));
  } catch (error) {
    await drop();
    throw error;
  }
  return {
    ...size,
    put: (rect, samples) =>
      named(path, async () => {
        const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
        const line = rect.width * pixelBytes;
        for (let row = 0; row < rect.height; row++) {
          const start = head.length + ((rect.y + row) * width + rect.x) * pixelBytes;
          await writeAll(file, bytes.subarray(row * line, (row + 1) * line), start);
        }
      }),
    read: (rect, { signal }) =>
      named(path, async () => {
        const samples = createSamples(sampleType, rect.width * rect.height * channels);
        const bytes = new Uint8Array(samples.buffer);
        const line = rect.width * pixelBytes;
        for (let row = 0; row < rect.height; row++) {
          signal.throwIfAborted();
          const start = head.length + ((rect.y + row) * width + rect.x) * pixelBytes;
          await file.read(bytes, row * line, line, start);
        }
        return { width: rect.width, height: rect.height, channels, samples };
      }),
    close: drop,
  };
}

/** A write may be cut short by a full disk; the next one then throws. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function named<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (systemCode(cause) === undefined) throw cause;
    throw new IoError(path, systemMessage(cause), { cause });
  }
}
