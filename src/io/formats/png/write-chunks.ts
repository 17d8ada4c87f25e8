/** PNG's chunks: length, name, data, checksum; and those that carry what came with a picture. */
import { crc32, deflateSync } from "node:zlib";
import { withoutMark } from "../exif/fields.ts";
import { photoshopResources } from "../exif/iptc.ts";
import type { ImageMetadata } from "../metadata.ts";
import { orientationBlock } from "../tiff/exif-tags.ts";
import { type RawProfile, rawProfileText } from "./raw-profile.ts";

export const signature: Uint8Array<ArrayBuffer> = Uint8Array.of(
  ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
);

/** One chunk. */
export function chunk(name: string, data: Uint8Array): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(name, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** IHDR: size, bits a sample, grey (0) or RGB (2), with alpha 4 more. */
export function headerChunk(image: {
  readonly width: number;
  readonly height: number;
  readonly bits: 8 | 16;
  readonly channels: 1 | 2 | 3 | 4;
}): Buffer<ArrayBuffer> {
  const { width, height, bits, channels } = image;
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data[8] = bits;
  data[9] = (channels < 3 ? 0 : 2) + (channels % 2 === 0 ? 4 : 0);
  return chunk("IHDR", data);
}

/** Everything a PNG says of its pixels before them. */
export function metadataChunks(metadata: ImageMetadata): readonly Buffer<ArrayBufferLike>[] {
  const { icc, exif, orientation = 1, xmp } = metadata;
  const block = exif ?? (orientation > 1 ? orientationBlock(orientation) : undefined);
  return [
    ...(icc ? [profileChunk(icc)] : []),
    ...carriedChunks({ ...metadata, ...(block && { exif: block }) }),
    ...(xmp ? [textChunk("XML:com.adobe.xmp", xmp)] : []),
  ];
}

/** What of it libvips does not write as the source had it: colours and size of a pixel, Exif, captions, texts. */
export function carriedChunks({
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

/** Name, 0, method deflate. */
function profileChunk(icc: Uint8Array): Buffer<ArrayBuffer> {
  return chunk("iCCP", Buffer.concat([Buffer.from("icc\0\0", "latin1"), deflateSync(icc)]));
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

/** iTXt: keyword, not compressed, no language, no translated keyword, UTF-8. */
function textChunk(keyword: string, text: Uint8Array): Buffer<ArrayBuffer> {
  return chunk("iTXt", Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, "latin1"), text]));
}
