/**
 * Reads what a JPEG holds before its pixels that libvips skips or guesses: comments, the rest of a long XMP, and its
 * density, which may be a mere ratio.
 */
import { type FileHandle, open } from "node:fs/promises";

export interface JpegSegments {
  /** Whole segments: comments, and what of the XMP did not fit into its first one. */
  readonly kept: readonly Buffer[];
  /** Pixels an inch, of the JFIF segment; undefined: it has no unit. */
  readonly density?: number;
}

const comment = 0xfe;
const extendedXmp = "http://ns.adobe.com/xmp/extension/\0";
/** Bytes of segments we would hold at most. */
const most = 2 ** 26;

/** Reads the segments before the pixels of the JPEG at `path`. Damage ends the reading, not the run. */
export async function readJpegSegments(path: string): Promise<JpegSegments> {
  const kept: Buffer[] = [];
  let held = 0;
  let density: number | undefined;
  const file = await open(path, "r");
  try {
    for (let at = 2; held <= most; ) {
      const head = await read(file, at, 64);
      const marker = head[1] as number;
      if (head.length < 16 || head[0] !== 0xff || isFrame(marker)) break;
      if (marker === 0xff) {
        at += 1; // filling
        continue;
      }
      const length = head.readUInt16BE(2) + 2;
      const body = head.toString("latin1", 4);
      if (marker === 0xe0 && body.startsWith("JFIF\0")) density = jfifDensity(head);
      if (marker === comment || (marker === 0xe1 && body.startsWith(extendedXmp))) {
        const whole = await read(file, at, length);
        if (whole.length === length) kept.push(whole);
        held += length;
      }
      at += length;
    }
    return { kept, ...(density !== undefined && { density }) };
  } finally {
    await file.close();
  }
}

/** A frame, a scan or the end. Tables of Huffman (c4) and arithmetic coding (cc) have numbers in between. */
function isFrame(marker: number): boolean {
  if (marker === 0xd9 || marker === 0xda) return true;
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xcc;
}

/** Unit at 11, horizontal density at 12. */
function jfifDensity(head: Buffer): number | undefined {
  const unit = head[11];
  const found = head.readUInt16BE(12);
  if (found === 0) return undefined;
  if (unit === 1) return found;
  return unit === 2 ? found * 2.54 : undefined;
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
