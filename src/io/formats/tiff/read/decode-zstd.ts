/** Decodes Zstandard (RFC 8878) by geotiff.js, after a check of the size it may reach. */
import { compressions } from "./compressions.ts";

/** A compressed block of a frame becomes this much at most. */
const largestPart = 2 ** 17;

/** @throws Error where the frames are damaged or may hold far more than `most` bytes */
export async function decodeZstd(
  stored: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<Uint8Array> {
  // Parts may be less than full; what is bounded here is memory.
  if (largestContent(stored) > 4 * most + 2 ** 24) {
    throw new Error("a block holds more than it should");
  }
  const { getDecoder } = await import("geotiff");
  const decoder = await getDecoder(compressions.zstd, {
    ...{ tileWidth: 0, tileHeight: 0, predictor: 1, bitsPerSample: 8, planarConfiguration: 1 },
  });
  return new Uint8Array(await decoder.decode(stored.buffer));
}

/** Bytes that frames can become, from their headers alone. */
function largestContent(stored: Uint8Array): number {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.length);
  let total = 0;
  for (let at = 0; at < stored.length; ) {
    const magic = view.getUint32(at, true);
    if (magic >>> 4 === 0x184d2a5) {
      at += 8 + view.getUint32(at + 4, true);
      continue;
    }
    if (magic !== 0xfd2fb528) throw new Error("a block is not Zstandard");
    const descriptor = view.getUint8(at + 4);
    const single = (descriptor >> 5) & 1;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
    const sizeBytes = [single, 2, 4, 8][descriptor >> 6] as number;
    const sizeAt = at + 5 + (1 - single) + dictionaryBytes;
    // The size a frame claims is what its decoder allocates.
    total += claimed(view, sizeAt, sizeBytes);
    at = sizeAt + sizeBytes;
    for (let last = false; !last; ) {
      const head = view.getUint16(at, true) + view.getUint8(at + 2) * 2 ** 16;
      last = (head & 1) === 1;
      const kind = (head >> 1) & 3;
      const size = head >> 3;
      if (sizeBytes === 0) total += kind === 2 ? largestPart : size;
      at += 3 + (kind === 1 ? 1 : size);
    }
    if ((descriptor >> 2) & 1) at += 4;
  }
  return total;
}

function claimed(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  if (bytes === 4) return view.getUint32(at, true);
  return bytes === 8 ? Number(view.getBigUint64(at, true)) : 0;
}
