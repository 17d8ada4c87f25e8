/** Puts the source's segments into a JPEG, in place of what the encoder wrote of the same. */
import type { FileHandle } from "node:fs/promises";
import { withMark } from "../exif/fields.ts";
import { asPhotoshop } from "../exif/iptc.ts";
import type { ImageMetadata } from "../metadata.ts";
import { type FilePart, readExactly } from "../splice.ts";

/** What the length field of a segment leaves for its body. */
const largestBody = 0xffff - 2;
/** Largest density the JFIF segment can say. */
const largestDensity = 0xffff;

/** True where one segment can hold this block. */
export function jpegHoldsExif(exif: Buffer): boolean {
  return withMark(exif).length <= largestBody;
}

/** True where one segment can hold this block. */
export function jpegHoldsIptc(iptc: Buffer): boolean {
  return asPhotoshop(iptc).length <= largestBody;
}

/** Density and Exif after the mark of the file, then the encoder's own segments, then the rest of ours. */
export async function jpegParts(file: FileHandle, metadata: ImageMetadata): Promise<FilePart[]> {
  const { exif, iptc, jpegSegments = [], density } = metadata;
  const encoders: FilePart[] = [];
  let at = 2;
  for (;;) {
    const head = await readExactly(file, at, 10);
    const marker = head.readUInt16BE(0);
    // Only application segments come before the tables and the scan.
    if (marker < 0xffe0 || marker > 0xffef) break;
    const end = at + 2 + head.readUInt16BE(2);
    // The encoder says density only along with an Exif of its own making.
    if (marker !== 0xffe0) encoders.push({ start: at, end });
    at = end;
  }
  return [
    { start: 0, end: 2 },
    segment(0xe0, jfif(density)),
    ...(exif ? [segment(0xe1, withMark(exif))] : []),
    ...(iptc ? [segment(0xed, asPhotoshop(iptc))] : []),
    ...encoders,
    ...jpegSegments,
    { start: at },
  ];
}

/** Version 1.02, whole pixels an inch, or a ratio of 1 where no density is known; no thumbnail. */
function jfif(density: number | undefined): Buffer {
  const known = density !== undefined && density >= 0.5 && density <= largestDensity;
  const body = Buffer.from("JFIF\0\x01\x02\0\0\0\0\0\0\0", "latin1");
  body[7] = known ? 1 : 0;
  body.writeUInt16BE(known ? Math.round(density) : 1, 8);
  body.writeUInt16BE(known ? Math.round(density) : 1, 10);
  return body;
}

function segment(marker: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}
