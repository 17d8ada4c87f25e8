/**
 * Puts the source's Exif into a WebP. With any Exif to write, the encoder makes room for it; its content is replaced.
 */
import type { FileHandle } from "node:fs/promises";
import { withoutMark } from "../exif/fields.ts";
import type { ImageMetadata } from "../metadata.ts";
import { type FilePart, readExactly } from "../splice.ts";

/** "RIFF", size, "WEBP". */
const headEnd = 12;

export async function webpParts(file: FileHandle, { exif }: ImageMetadata): Promise<FilePart[]> {
  if (exif === undefined) return [{ start: 0 }];
  const { size } = await file.stat();
  const parts: FilePart[] = [];
  let found = false;
  for (let at = headEnd; at < size; ) {
    const head = await readExactly(file, at, 8);
    // Chunks begin at even places.
    const end = at + 8 + 2 * Math.ceil(head.readUInt32LE(4) / 2);
    if (head.toString("latin1", 0, 4) !== "EXIF") parts.push({ start: at, end });
    else {
      found = true;
      parts.push(chunk("EXIF", withoutMark(exif)));
    }
    at = end;
  }
  if (!found) throw new Error("the encoder left no place for Exif");
  return [riff(parts), ...parts];
}

function riff(parts: readonly FilePart[]): Buffer {
  const lengths = parts.map((part) =>
    Buffer.isBuffer(part) ? part.length : (part.end as number) - part.start,
  );
  const head = Buffer.from("RIFF\0\0\0\0WEBP", "latin1");
  head.writeUInt32LE(
    lengths.reduce((sum, length) => sum + length, 4),
    4,
  );
  return head;
}

function chunk(name: string, data: Buffer): Buffer {
  const head = Buffer.from(`${name}\0\0\0\0`, "latin1");
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}
