/**
 * A picture becomes a PNG of any size in one pass: bands of rows are pulled, filtered and deflated in the pool, a
 * bounded number at a time, and written in their order.
 */
import { open } from "node:fs/promises";
import { freeBuffers } from "../../../free-buffers.ts";
import type { ImageSource } from "../../../image/raster.ts";
import { bitsOf } from "../../../image/samples.ts";
import type { ImageMetadata } from "../../formats/metadata.ts";
import {
  type Appender,
  appendTo,
  inOrder,
  type WritingContext,
} from "../../pool/append-in-order.ts";
import { adlerOfNothing, joinAdler32 } from "./adler32.ts";
import { deflateWindow } from "./encode-rows.ts";
import { chunk, headerChunk, metadataChunks, signature } from "./write-chunks.ts";

/** Bytes of a band, about. */
const bandBytes = 2 ** 22;
/** Bytes of all bands in flight, about; rows wider than this go one at a time. */
const bytesInFlight = 2 ** 28;
/** Deflate, window of 32 KB, default level. */
const streamHeader = Uint8Array.of(0x78, 0x9c);

/**
 * Writes `image`, 1 to 4 channels of 8 or 16 bit, the last of 2 and 4 alpha, into the new file `path`; the caller
 * deletes it on failure. Fails with the system's error, what reading fails with, or the signal's reason.
 */
export async function writePng(
  path: string,
  image: ImageSource,
  metadata: ImageMetadata,
  context: WritingContext,
): Promise<void> {
  const { width, height, sampleType } = image;
  const bits = bitsOf(sampleType) as 8 | 16;
  const channels = image.channels as 1 | 2 | 3 | 4;
  const file = await open(path, "wx");
  try {
    const appender = appendTo(file, 0);
    await appender.append(signature);
    await appender.append(headerChunk({ width, height, bits, channels }));
    for (const one of metadataChunks(metadata)) await appender.append(one);
    await appender.append(chunk("IDAT", streamHeader));
    const check = Buffer.alloc(4);
    check.writeUInt32BE(await writeBands(image, appender, context));
    await appender.append(chunk("IDAT", check));
    await appender.append(chunk("IEND", new Uint8Array()));
  } finally {
    await file.close();
  }
}

/** A band of rows with what lies above it as context. */
interface Band {
  readonly from: number;
  readonly above: number;
  readonly to: number;
}

/** Gives back the checksum of all bands together. */
async function writeBands(
  image: ImageSource,
  file: Appender,
  { pool, inFlight, signal }: WritingContext,
): Promise<number> {
  const { width, height, channels, sampleType } = image;
  const rowBytes = (width * channels * bitsOf(sampleType)) / 8;
  const places = Math.max(1, Math.floor(bytesInFlight / Math.max(rowBytes, bandBytes)));
  let adler = adlerOfNothing;
  await inOrder(bandsOf(height, rowBytes), {
    inFlight: Math.min(inFlight, places),
    signal,
    async make({ from, above, to }) {
      const rect = { x: 0, y: from - above, width, height: to - from + above };
      const raster = await image.read(rect, { signal });
      return pool.encodeRows({ raster, above, last: to === height });
    },
    async store(_band, encoded) {
      adler = joinAdler32(adler, encoded.adler, encoded.length);
      await file.append(encoded.chunks);
      freeBuffers(encoded.chunks);
    },
  });
  return adler;
}

function* bandsOf(height: number, rowBytes: number): Generator<Band> {
  const rows = Math.max(1, Math.floor(bandBytes / rowBytes));
  // What deflate looks back, and the row above it.
  const context = Math.ceil(deflateWindow / rowBytes) + 1;
  for (let from = 0; from < height; from += rows) {
    yield { from, above: Math.min(from, context), to: Math.min(from + rows, height) };
  }
}
