/**
 * A PNG with the chunks its source had: what colours and the size of a pixel mean, Exif, captions and texts, in
 * place of what the encoder says of the same. Pixels are neither rotated nor resized, so every entry stays true.
 */
import type { FileHandle } from "node:fs/promises";
import type { ImageMetadata } from "../metadata.ts";
import { type Part, readExactly } from "../splice.ts";
import { carriedChunks } from "./write-chunks.ts";

/** Signature and IHDR. */
const headEnd = 8 + 25;

/** The encoded file with our chunks after its header chunk. */
export async function pngParts(file: FileHandle, metadata: ImageMetadata): Promise<Part[]> {
  const parts: Part[] = [{ start: 0, end: headEnd }, ...carriedChunks(metadata)];
  let at = headEnd;
  for (;;) {
    const head = await readExactly(file, at, 8);
    const name = head.toString("latin1", 4);
    if (name === "IDAT") break;
    const end = at + 12 + head.readUInt32BE(0);
    // The encoder makes up a density where it knows none.
    if (name !== "pHYs") parts.push({ start: at, end });
    at = end;
  }
  return [...parts, { start: at }];
}
