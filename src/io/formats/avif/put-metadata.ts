/**
 * Puts the source's Exif into an encoded AVIF. sharp must have written some Exif, which makes an item for it. Our block
 * is appended to the file, and the box "iloc" is changed to point to it; nothing else moves. Boxes are as in ISO/IEC
 * 14496-12, the Exif item as in ISO/IEC 23008-12, annex A.
 */
import type { FileHandle } from "node:fs/promises";
import { withMark } from "../exif/fields.ts";
import type { ImageMetadata } from "../metadata.ts";
import { type FilePart, readExactly } from "../splice.ts";

/** A box: where it starts, its content, where it ends. */
interface Box {
  readonly type: string;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

const exifMarkBytes = 6;

export async function avifParts(file: FileHandle, { exif }: ImageMetadata): Promise<FilePart[]> {
  if (exif === undefined) return [{ start: 0 }];
  const { size } = await file.stat();
  const box = await topBox(file, size, "meta");
  const meta = await readExactly(file, box.start, box.end - box.start);
  // Where the structure begins after this number, then the block with the mark of a JPEG.
  const item = Buffer.concat([Buffer.from([0, 0, 0, exifMarkBytes]), withMark(exif)]);
  const mdat = Buffer.from("\0\0\0\0mdat", "latin1");
  mdat.writeUInt32BE(mdat.length + item.length);
  place(meta, exifItem(meta), { offset: size + mdat.length, length: item.length });
  return [{ start: 0, end: box.start }, meta, { start: box.end, end: size }, mdat, item];
}

/** Number of the item of type Exif, from the box "iinf". */
function exifItem(meta: Buffer): number {
  const iinf = boxIn(meta, 12, "iinf");
  const entries = iinf.content + (meta[iinf.content] === 0 ? 6 : 8);
  for (const { content } of boxes(meta, entries, iinf.end)) {
    // Version 2 has an item number of two bytes, version 3 of four; then two bytes of protection.
    const wide = meta[content] === 3;
    const type = content + 4 + (wide ? 4 : 2) + 2;
    if (meta.toString("latin1", type, type + 4) !== "Exif") continue;
    return wide ? meta.readUInt32BE(content + 4) : meta.readUInt16BE(content + 4);
  }
  throw new Error("the encoder left no place for Exif");
}

/** Says in the box "iloc" that the item lies at `offset` of the file. */
function place(
  meta: Buffer,
  item: number,
  { offset, length }: { readonly offset: number; readonly length: number },
): void {
  const { content } = boxIn(meta, 12, "iloc");
  const version = meta[content] as number;
  const sizes = meta.readUInt16BE(content + 4);
  const offsetBytes = sizes >> 12;
  const lengthBytes = (sizes >> 8) & 15;
  const baseBytes = (sizes >> 4) & 15;
  const indexBytes = version === 0 ? 0 : sizes & 15;
  const numberBytes = version < 2 ? 2 : 4;
  let at = content + 6;
  const next = (bytes: number): number => {
    at += bytes;
    return bytes === 0 ? 0 : meta.readUIntBE(at - bytes, bytes);
  };
  for (let left = next(numberBytes); left > 0; left--) {
    const found = next(numberBytes) === item;
    const method = version === 0 ? 0 : next(2) & 15;
    next(2); // in this file
    const base = next(baseBytes);
    const extents = next(2);
    if (!found) {
      at += extents * (indexBytes + offsetBytes + lengthBytes);
      continue;
    }
    const fits = offset - base < 2 ** (8 * offsetBytes) && length < 2 ** (8 * lengthBytes);
    if (method !== 0 || extents !== 1 || !fits) break;
    at += indexBytes;
    meta.writeUIntBE(offset - base, at, offsetBytes);
    meta.writeUIntBE(length, at + offsetBytes, lengthBytes);
    return;
  }
  throw new Error("the encoder placed Exif in a way not known here");
}

async function topBox(file: FileHandle, size: number, type: string): Promise<Box> {
  for (let at = 0; at < size; ) {
    const head = await readExactly(file, at, 8);
    const end = at + head.readUInt32BE(0);
    if (head.toString("latin1", 4) === type) return { type, start: at, content: at + 8, end };
    if (end <= at) break;
    at = end;
  }
  throw new Error(`no box "${type}" in the encoded picture`);
}

function boxIn(bytes: Buffer, start: number, type: string): Box {
  for (const box of boxes(bytes, start, bytes.length)) if (box.type === type) return box;
  throw new Error(`no box "${type}" in the encoded picture`);
}

function* boxes(bytes: Buffer, start: number, end: number): Generator<Box> {
  for (let at = start; at + 8 <= end; ) {
    const boxEnd = at + bytes.readUInt32BE(at);
    if (boxEnd < at + 8) return;
    yield {
      type: bytes.toString("latin1", at + 4, at + 8),
      start: at,
      content: at + 8,
      end: boxEnd,
    };
    at = boxEnd;
  }
}
