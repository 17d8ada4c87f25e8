/**
 * Puts bytes into an encoded file, or in place of some of its own. The file is described as stretches to copy and
 * blocks between them, and written once from top to bottom.
 */
import { createReadStream, createWriteStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

/** A stretch of the encoded file to copy, up to its end unless `end` says less; or bytes to put between. */
export type FilePart = { readonly start: number; readonly end?: number } | Buffer;

/** Writes the parts of the file `from` into the new file `to`. */
export async function splice(from: string, to: string, parts: readonly FilePart[]): Promise<void> {
  await pipeline(concatenated(from, parts), createWriteStream(to, { flags: "wx" }));
}

async function* concatenated(from: string, parts: readonly FilePart[]): AsyncGenerator<Buffer> {
  for (const part of parts) {
    if (Buffer.isBuffer(part)) yield part;
    else if (part.end === undefined) yield* createReadStream(from, { start: part.start });
    // `end` of a read stream is inclusive.
    else if (part.end > part.start)
      yield* createReadStream(from, { start: part.start, end: part.end - 1 });
  }
}

/** `length` bytes at `position`. Throws where the file ends before. */
export async function readExactly(
  file: FileHandle,
  position: number,
  length: number,
): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw new Error("the encoded picture ends before its pixels");
  return buffer;
}
