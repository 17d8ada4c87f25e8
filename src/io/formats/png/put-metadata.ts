/**
 * Puts the source's chunks into a PNG, in place of what the encoder wrote of the same: what colours and the size of a
 * pixel mean, Exif, captions and texts. Pixels are neither rotated nor resized, so every entry stays true.
 */
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { withoutMark } from "../exif/fields.ts";
import { photoshopResources } from "../exif/iptc.ts";
import type { ImageMetadata } from "../metadata.ts";
import { type FilePart, readExactly } from "../splice.ts";
import { type RawProfile, rawProfileText } from "./raw-profile.ts";

/** Signature and IHDR. */
const headEnd = 8 + 25;

/** The encoded file with our chunks after its header chunk. */
export async function pngParts(file: FileHandle, metadata: ImageMetadata): Promise<FilePart[]> {
  const parts: FilePart[] = [{ start: 0, end: headEnd }, ...carriedChunks(metadata)];
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

/** One chunk. */
function chunk(name: string, data: Uint8Array): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(name, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** What of it libvips does not write as the source had it: colours and size of a pixel, Exif, captions, texts. */
function carriedChunks({
  png,
  exif,
  iptc,
  density,
}: ImageMetadata): readonly Buffer<ArrayBufferLike>[] {
  const sized = png?.meaning.some((whole) => whole.toString("latin1", 4, 8) === "pHYs");
  return [
    ...(png?.meaning ?? []),
    ...(density !== undefined && !sized ? [densityChunk(density)] : []),
    ...(exif ? [chunk("eXIf", withoutMark(exif))] : []),
    ...(iptc ? [chunk("tEXt", rawProfileText(captions(iptc)))] : []),
    ...(png?.texts ?? []),
  ];
}

/** PNG has no place for them; ImageMagick and ExifTool look here. */
function captions(iptc: Buffer): RawProfile {
  const resources = photoshopResources(iptc);
  return resources ? { kind: "8bim", bytes: resources } : { kind: "iptc", bytes: iptc };
}

/** Pixels an inch as pixels a metre. */
function densityChunk(density: number): Buffer<ArrayBuffer> {
  const data = Buffer.alloc(9);
  const perMetre = Math.round(density / 0.0254);
  data.writeUInt32BE(perMetre, 0);
  data.writeUInt32BE(perMetre, 4);
  data[8] = 1;
  return chunk("pHYs", data);
}
