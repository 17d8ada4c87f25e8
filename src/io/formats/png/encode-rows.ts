/**
 * A band of rows becomes its part of a PNG's pixel stream. Bands are deflated apart, each with the end of the
 * one above as its dictionary, and end at a byte: put one after the other they are one stream, as pigz makes it.
 */
import { constants, deflateRawSync } from "node:zlib";
import type { Raster } from "../../../image/raster.ts";
import { adler32 } from "./adler32.ts";
import { filterRows } from "./filter-rows.ts";
import { chunk } from "./write-chunks.ts";

export interface RowsJob {
  /** Full rows of 8 or 16 bit: `above` of them only as context, then the band. */
  readonly raster: Raster;
  readonly above: number;
  /** The band ends the picture. */
  readonly last: boolean;
}

export interface EncodedRows {
  /** IDAT chunks. */
  readonly chunks: Uint8Array<ArrayBuffer>;
  /** Checksum and length of what was deflated. */
  readonly adler: number;
  readonly length: number;
}

/** What deflate looks back. */
export const deflateWindow = 32768;
const largestChunk = 2 ** 20;
const machineIsLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export function encodeRows({ raster, above, last }: RowsJob): EncodedRows {
  const { width, channels, samples } = raster;
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  if (samples.BYTES_PER_ELEMENT === 2 && machineIsLittle) bytes.swap16();
  const pixelBytes = channels * samples.BYTES_PER_ELEMENT;
  const rowBytes = width * pixelBytes;
  // The first row of the context is there for the second; at the top of the picture there is none.
  const skipped = above === 0 ? 0 : 1;
  const filtered = filterRows({ bytes, rowBytes, pixelBytes }, skipped);
  const start = (above - skipped) * (rowBytes + 1);
  const band = filtered.subarray(start);
  const deflated = deflateRawSync(band, {
    dictionary: filtered.subarray(Math.max(0, start - deflateWindow), start),
    strategy: constants.Z_FILTERED,
    finishFlush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    chunkSize: 2 ** 18,
  });
  const parts: Buffer[] = [];
  for (let at = 0; at < deflated.length; at += largestChunk) {
    parts.push(chunk("IDAT", deflated.subarray(at, at + largestChunk)));
  }
  return {
    chunks: new Uint8Array(Buffer.concat(parts)),
    adler: adler32(band),
    length: band.length,
  };
}
