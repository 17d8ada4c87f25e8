/**
 * Reads what the numbers of an AVIF mean where no profile says it: primaries and transfer function by ITU-T H.273,
 * from the box "colr", which libvips does not report. The result is a chunk for a PNG, which has a place for them
 * too.
 */
import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";

/** Bytes of the boxes that describe the image, at most. */
const mostMeta = 2 ** 20;
const mark = Buffer.from("colrnclx", "latin1");

/** The chunk cICP for the AVIF at `path`; undefined where it does not say what its colours mean. */
export async function colourChunk(path: string): Promise<Buffer | undefined> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mostMeta), 0, mostMeta, 0);
    const bytes = buffer.subarray(0, bytesRead);
    const at = bytes.subarray(0, metaEnd(bytes)).indexOf(mark);
    if (at < 0 || at + mark.length + 4 > bytes.length) return undefined;
    const [, primaries = 0, , transfer = 0] = bytes.subarray(at + mark.length);
    return chunkOf(primaries, transfer);
  } finally {
    await file.close();
  }
}

/** Where the box "meta" ends; after it come pixels. */
function metaEnd(bytes: Buffer): number {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const end = at + bytes.readUInt32BE(at);
    if (bytes.toString("latin1", at + 4, at + 8) === "meta") return end;
    if (end < at + 8) break;
    at = end;
  }
  return 0;
}

/** Matrix 0 and full range: the decoder makes RGB of them. */
function chunkOf(primaries: number, transfer: number): Buffer {
  const whole = Buffer.from("\0\0\0\x04cICP\0\0\0\x01\0\0\0\0", "latin1");
  whole[8] = primaries;
  whole[9] = transfer;
  whole.writeUInt32BE(crc32(whole.subarray(4, 12)), 12);
  return whole;
}
