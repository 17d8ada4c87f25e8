/**
 * A PNG with the chunks its source had: what colours and the size of a pixel mean, Exif, captions and texts, in
 * place of what the encoder says of the same. Pixels are neither rotated nor resized, so every entry stays true.
 */
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { withoutMark } from "../sources/exif-fields.ts";
import type { PictureMetadata } from "../sources/picture-metadata.ts";
import { rawProfileText } from "../sources/raw-profile.ts";
import { photoshopResources } from "./iptc.ts";
import { type Part, readExactly } from "./splice.ts";

/** Signature and IHDR. */
const headEnd = 8 + 25;

/** The encoded file with our chunks after its header chunk. */
export async function pngParts(file: FileHandle, metadata: PictureMetadata): Promise<Part[]> {
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

/** All that a PNG carries beside profile and XMP, as whole chunks to stand before the pixels. */
function carriedChunks({ png, exif, iptc, density }: PictureMetadata): Buffer[] {
  const sized = png?.meaning.some((whole) => whole.toString("latin1", 4, 8) === "pHYs");
  return [
    ...(png?.meaning ?? []),
    ...(density !== undefined && !sized ? [chunk("pHYs", pixelsOf(density))] : []),
    ...(exif ? [chunk("eXIf", withoutMark(exif))] : []),
    ...(iptc ? [chunk("tEXt", rawProfileText(captions(iptc)))] : []),
    ...(png?.texts ?? []),
  ];
}

/** Pixels a metre, both ways. */
function pixelsOf(density: number): Buffer {
  const data = Buffer.alloc(9);
  const perMetre = Math.round(density / 0.0254);
  data.writeUInt32BE(perMetre, 0);
  data.writeUInt32BE(perMetre, 4);
  data[8] = 1;
  return data;
}

/** PNG has no place for them; ImageMagick and ExifTool look here. */
function captions(iptc: Buffer): { kind: string; bytes: Buffer } {
  const resources = photoshopResources(iptc);
  return resources ? { kind: "8bim", bytes: resources } : { kind: "iptc", bytes: iptc };
}

function chunk(name: string, data: Buffer): Buffer {
  const whole = Buffer.alloc(12 + data.length);
  whole.writeUInt32BE(data.length, 0);
  whole.write(name, 4, "latin1");
  data.copy(whole, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, -4)), 8 + data.length);
  return whole;
}
