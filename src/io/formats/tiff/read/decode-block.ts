/**
 * Decodes one block (strip or tile) of a TIFF. zlib decodes Deflate, geotiff.js LERC and Zstandard, and sharp the rest:
 * LZW, PackBits, JPEG and WebP. No decoder may return more bytes than the block has: a few bytes of a hostile file
 * could otherwise become gigabytes.
 */
import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { createSamples, type Samples } from "../../../../image/samples.ts";
import { sharp } from "../../libvips.ts";
import { compressions } from "./compressions.ts";
import { decodeLerc } from "./decode-lerc.ts";
import { decodeZstd } from "./decode-zstd.ts";
import { blockBands, blockRows, type Layout, rowBytes, sampleBytes } from "./layout.ts";
import { oneBlockTiff } from "./one-block-tiff.ts";
import { undoPredictor } from "./predictor.ts";

const inflated = promisify(inflate);

/**
 * The samples of a block in row `row` of blocks: [rows, blockWidth, bands of the block], of the layout's type; of
 * a mask of 1 bit the bytes as they are, eight pixels each.
 * @throws Error where the block does not hold what it should
 */
export async function decodeBlock(
  layout: Layout,
  row: number,
  stored: Uint8Array<ArrayBuffer>,
): Promise<Samples> {
  const rows = blockRows(layout, row);
  const line = rowBytes(layout, layout.blockWidth);
  // Some writers fill the last strip up to its full height.
  const most = line * layout.blockHeight;
  const bytes = await decompressed(layout, stored, { rows, most });
  if (bytes.length < line * rows) {
    throw new Error(`a block holds ${bytes.length} of ${line * rows} bytes`);
  }
  return undoPredictor(layout, samplesFromBytes(layout, bytes, line * rows), rows);
}

interface Extent {
  readonly rows: number;
  readonly most: number;
}

async function decompressed(
  layout: Layout,
  stored: Uint8Array<ArrayBuffer>,
  { rows, most }: Extent,
): Promise<Uint8Array> {
  const width = layout.blockWidth;
  switch (layout.compression) {
    case compressions.none:
      return stored;
    case compressions.deflate:
    case compressions.oldDeflate:
      return inflated(stored, { maxOutputLength: most });
    case compressions.lzw:
    case compressions.packBits:
      // As rows of bytes: whatever they mean, they come back as they are.
      return pixelsOf(
        oneBlockTiff(
          { ...layout, width: rowBytes(layout, width), rows, bands: 1, photometric: 1 },
          stored,
        ),
        1,
      );
    case compressions.jpeg:
      return jpegPixels(layout, rows, stored);
    case compressions.webp:
      return webpPixels(layout, stored);
    case compressions.lerc:
      return decodeLerc(layout, { ...layout, rows }, stored, most);
    default:
      return decodeZstd(stored, most);
  }
}

function jpegPixels(
  layout: Layout,
  rows: number,
  stored: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const bands = blockBands(layout);
  if (layout.bits !== 8 || ![1, 3, 4].includes(bands)) {
    throw new Error(`expected JPEG blocks of 1, 3 or 4 samples of 8 bits but found ${bands}`);
  }
  // YCbCr becomes RGB; every other meaning is declared so that nothing is converted.
  const photometric = bands === 1 ? 1 : layout.photometric === 6 ? 6 : 2;
  const block = { ...layout, width: layout.blockWidth, rows, bands, photometric };
  return pixelsOf(oneBlockTiff(block, stored), bands);
}

async function webpPixels(layout: Layout, stored: Uint8Array): Promise<Uint8Array> {
  const { blockWidth, blockHeight } = layout;
  const bands = blockBands(layout);
  const found = await sharp(stored).metadata();
  if (found.format !== "webp" || found.width !== blockWidth || found.height > blockHeight) {
    throw new Error(`a block holds no WebP of ${blockWidth}×${blockHeight}`);
  }
  if (bands !== 3 && bands !== 4) {
    throw new Error(`expected WebP blocks of 3 or 4 samples but found ${bands}`);
  }
  const image = sharp(stored, { failOn: "warning", limitInputPixels: false, ignoreIcc: true });
  const { data } = await (bands === 4 ? image.ensureAlpha() : image.removeAlpha())
    .raw()
    .toBuffer({ resolveWithObject: true });
  return data;
}

async function pixelsOf(tiff: Uint8Array, bands: number): Promise<Uint8Array> {
  const { data, info } = await sharp(tiff, { failOn: "warning", limitInputPixels: false })
    .toColourspace(bands === 1 ? "b-w" : "srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== bands) throw new Error(`a block has ${info.channels} samples a pixel`);
  return data;
}

/** The first `length` bytes on a buffer of their own, in the machine's byte order. */
export function samplesFromBytes(layout: Layout, bytes: Uint8Array, length: number): Samples {
  if (layout.bits < 8) return Uint8Array.from(bytes.subarray(0, length));
  const size = sampleBytes(layout);
  const samples = createSamples(layout.sampleType, length / size);
  const own = Buffer.from(samples.buffer);
  own.set(bytes.subarray(0, length));
  if (isForeign(layout)) swap(own, size);
  return samples;
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Not after LERC, which knows samples, nor before differences of bytes, which are sorted by weight. */
function isForeign({ littleEndian: little, compression, predictor }: Layout): boolean {
  return compression !== compressions.lerc && predictor !== 3 && little !== littleEndian;
}

function swap(bytes: Buffer, size: number): void {
  if (size === 2) bytes.swap16();
  if (size === 4) bytes.swap32();
  if (size === 8) bytes.swap64();
}
