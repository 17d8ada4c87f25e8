/**
 * The source's Exif block, byte for byte, into an encoded PNG or JPEG: sharp writes only entries it is
 * given as strings. The file is copied with the block in its place. Pixels are neither rotated nor resized, so every entry stays true.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";

/** Before the TIFF structure in a JPEG, and in what sharp hands out of one. */
const prefix = Buffer.from("Exif\0\0", "latin1");
/** Length field of a JPEG segment. */
const largestSegment = 0xffff;

/** A stretch of the encoded file to copy, or bytes to put between. */
type Part = { readonly start: number; readonly end?: number } | Buffer;

/** True where a file of `format` can hold this block. */
export function canHoldExif(format: "png" | "jpeg" | "tiff", exif: Buffer): boolean {
  if (format === "jpeg") return withPrefix(exif).length + 2 <= largestSegment;
  return format === "png";
}

/** Copies the picture at `from` to `to` with `exif` in place. */
export async function copyWithExif(
  from: string,
  to: string,
  { format, exif }: { readonly format: "png" | "jpeg"; readonly exif: Buffer },
): Promise<void> {
  const file = await open(from, "r");
  try {
    const parts = format === "png" ? pngParts(exif) : await jpegParts(file, exif);
    await pipeline(concatenated(from, parts), createWriteStream(to, { flags: "wx" }));
  } finally {
    await file.close();
  }
}

async function* concatenated(from: string, parts: readonly Part[]): AsyncGenerator<Buffer> {
  for (const part of parts) {
    if (Buffer.isBuffer(part)) yield part;
    // `end` of a read stream is inclusive.
    else if (part.end === undefined) yield* createReadStream(from, { start: part.start });
    else yield* createReadStream(from, { start: part.start, end: part.end - 1 });
  }
}

/** Our block after the JFIF segment, then the encoder's other segments without the Exif it adds to IPTC. */
async function jpegParts(file: FileHandle, exif: Buffer): Promise<Part[]> {
  const body = withPrefix(exif);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  const others: Part[] = [];
  let jfifEnd = 2;
  let at = 2;
  for (;;) {
    const segment = await read(file, at, 10);
    const marker = segment.readUInt16BE(0);
    // Only application segments come before the tables and the scan.
    if (marker < 0xffe0 || marker > 0xffef) break;
    const end = at + 2 + segment.readUInt16BE(2);
    const isExif = marker === 0xffe1 && segment.subarray(4).equals(prefix);
    if (marker === 0xffe0 && at === 2) jfifEnd = end;
    else if (!isExif) others.push({ start: at, end });
    at = end;
  }
  return [{ start: 0, end: jfifEnd }, Buffer.concat([head, body]), ...others, { start: at }];
}

/** Our chunk after the header chunk; asked for no Exif, the encoder puts none in a PNG. */
function pngParts(exif: Buffer): Part[] {
  const data = withPrefix(exif).subarray(prefix.length);
  const body = Buffer.concat([Buffer.from("eXIf", "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  const headEnd = 8 + 25; // signature, IHDR
  return [{ start: 0, end: headEnd }, Buffer.concat([length, body, check]), { start: headEnd }];
}

function withPrefix(exif: Buffer): Buffer {
  return exif.subarray(0, prefix.length).equals(prefix) ? exif : Buffer.concat([prefix, exif]);
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw new Error("the encoded picture ends before its pixels");
  return buffer;
}
