/**
 * Reads how the samples of one image of a TIFF are stored, and checks it against the file before any sample is read.
 */
import { bitsOf, type SampleType } from "../../../../image/samples.ts";
import type { TagValues } from "../directory.ts";
import { tags } from "../tags.ts";
import { canDecode, compressionName } from "./compressions.ts";

/** Samples are stored in blocks, tiles or strips, row by row of blocks. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Samples of a pixel. */
  readonly bands: number;
  /** Of masks `bits` may be 1: eight pixels a byte, rows begin with a byte. */
  readonly bits: 1 | 8 | 16 | 32 | 64;
  readonly sampleType: SampleType;
  readonly littleEndian: boolean;
  /** Each band has blocks of its own, all of one band before the next. */
  readonly planar: boolean;
  readonly compression: number;
  /** 1: none, 2: differences of samples, 3: differences of the bytes of floats. */
  readonly predictor: number;
  readonly photometric: number;
  /** Pixels of a full block. */
  readonly blockWidth: number;
  readonly blockHeight: number;
  /** Blocks in a row, and rows of blocks. */
  readonly across: number;
  readonly down: number;
  /** Strips end where the image ends; tiles are always full. */
  readonly tiled: boolean;
  /** Place and bytes of each block in the file; 0 bytes: nothing is stored, all of it is nodata. */
  readonly offsets: ArrayLike<number>;
  readonly byteCounts: ArrayLike<number>;
  /** What JPEG and LERC blocks share. */
  readonly jpegTables: Uint8Array<ArrayBuffer> | undefined;
  readonly chromaSubsampling: readonly number[];
  readonly lercParameters: readonly number[];
}

/** Decoded bytes of one block, at most: what several blocks in memory may take. */
const largestBlock = 2 ** 27;
const mostBands = 4096;
const mostBlocks = 2 ** 25;

/** What an image may be: the samples of the first image, or a mask. */
export type Purpose = "samples" | "mask";

/**
 * Reads the layout of one directory.
 * @throws Error with what was expected and what was found
 */
export function layoutOf(
  directory: TagValues,
  { littleEndian, size }: { readonly littleEndian: boolean; readonly size: number },
  purpose: Purpose,
): Layout {
  const number = (tag: number, otherwise: number) => directory.number(tag, otherwise);
  const width = length("width", number(tags.width, 0));
  const height = length("height", number(tags.height, 0));
  const bands = length("number of bands", number(tags.samplesPerPixel, 1), mostBands);
  const bits = bitsOfAll(directory, bands, purpose);
  const tiled = directory.has(tags.tileWidth);
  const blockWidth = tiled ? length("tile width", number(tags.tileWidth, 0)) : width;
  const rows = tiled ? number(tags.tileLength, 0) : number(tags.rowsPerStrip, height);
  const blockHeight = length("block height", tiled ? rows : Math.min(rows, height));
  const layout: Layout = {
    width,
    height,
    bands,
    bits,
    sampleType: sampleTypeOf(directory, bits),
    littleEndian,
    planar: bands > 1 && number(tags.planarConfiguration, 1) === 2,
    compression: number(tags.compression, 1),
    predictor: number(tags.predictor, 1),
    photometric: number(tags.photometric, 1),
    blockWidth,
    blockHeight,
    across: Math.ceil(width / blockWidth),
    down: Math.ceil(height / blockHeight),
    tiled,
    offsets: directory.numbers(tiled ? tags.tileOffsets : tags.stripOffsets),
    byteCounts: directory.numbers(tiled ? tags.tileByteCounts : tags.stripByteCounts),
    jpegTables: bytesOf(directory.numbers(tags.jpegTables)),
    chromaSubsampling: Array.from(directory.numbers(tags.chromaSubsampling)),
    lercParameters: Array.from(directory.numbers(tags.lercParameters)),
  };
  assertDecodable(layout, number(tags.fillOrder, 1));
  return withPlaces(layout, size);
}

/** Bands in one block. */
export function blockBands({ planar, bands }: Layout): number {
  return planar ? 1 : bands;
}

/** Rows of the blocks in one row of blocks. */
export function blockRows({ tiled, blockHeight, height }: Layout, row: number): number {
  return tiled ? blockHeight : Math.min(blockHeight, height - row * blockHeight);
}

/** Bytes of `pixels` pixels of one row of a block, decoded. */
export function rowBytes(layout: Layout, pixels: number): number {
  return Math.ceil((pixels * blockBands(layout) * layout.bits) / 8);
}

function length(name: string, value: number, most = 2 ** 31 - 1): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Error(`expected a ${name} from 1 to ${most} but found ${value}`);
}

function bitsOfAll(directory: TagValues, bands: number, purpose: Purpose): Layout["bits"] {
  const all = Array.from(directory.numbers(tags.bitsPerSample));
  const [bits = 1] = all;
  const allowed = purpose === "mask" ? [1, 8] : [8, 16, 32, 64];
  const same = all.slice(0, bands).every((other) => other === bits);
  if (same && allowed.includes(bits)) return bits as Layout["bits"];
  // Camera and satellite data of 10 to 14 bits.
  const hint = same && bits > 8 && bits < 16 ? "; first gdal_translate -co NBITS=16 IN OUT" : "";
  throw new Error(
    `expected all samples to have ${allowed.join(" or ")} bits but found ${all.join(", ") || 1}${hint}`,
  );
}

/** TIFF 6.0, section 19: 1 unsigned, 2 signed, 3 floating point, 4 not said. */
function sampleTypeOf(directory: TagValues, bits: number): SampleType {
  const formats = Array.from(directory.numbers(tags.sampleFormat));
  const [format = 1] = formats;
  const kind = { 1: "uint", 2: "int", 3: "float", 4: "uint" }[format];
  const type = `${kind}${Math.max(8, bits)}`;
  const known: readonly string[] = [
    ...["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"],
  ];
  if (formats.every((other) => other === format) && known.includes(type)) return type as SampleType;
  throw new Error(
    `expected integers of 8 to 32 or floats of 32 or 64 bits but found ${bits} bits of format ${formats.join(", ") || 1}`,
  );
}

function bytesOf(values: ArrayLike<number>): Uint8Array<ArrayBuffer> | undefined {
  return values.length === 0 ? undefined : Uint8Array.from(values);
}

function assertDecodable(layout: Layout, fillOrder: number): void {
  const { compression, predictor, sampleType, bits } = layout;
  if (!canDecode(compression)) {
    throw new Error(`expected a compression we can read but found ${compressionName(compression)}`);
  }
  const fits = predictor === 1 || (predictor === 2 && bits >= 8);
  if (!fits && !(predictor === 3 && sampleType.startsWith("float"))) {
    throw new Error(`expected a predictor for ${sampleType} but found ${predictor}`);
  }
  if (fillOrder !== 1) throw new Error("expected bits from high to low but found fill order 2");
  const bytes = rowBytes(layout, layout.blockWidth) * layout.blockHeight;
  if (bytes > largestBlock && compression !== 1) {
    throw new Error(
      `expected compressed blocks of at most ${largestBlock / 2 ** 20} MiB but found ` +
        `${layout.blockWidth}×${layout.blockHeight} pixels of ${(blockBands(layout) * bits) / 8} bytes: rewrite it with smaller tiles`,
    );
  }
}

/** With a place for each block; sizes are made up where a file without compression leaves them out. */
function withPlaces(layout: Layout, size: number): Layout {
  const { across, down, planar, bands, offsets, compression } = layout;
  const blocks = across * down * (planar ? bands : 1);
  if (blocks > mostBlocks)
    throw new Error(`expected at most ${mostBlocks} blocks but found ${blocks}`);
  if (offsets.length < blocks) {
    throw new Error(`expected the places of ${blocks} blocks but found ${offsets.length}`);
  }
  const given = layout.byteCounts;
  if (given.length < blocks && (given.length > 0 || compression !== 1)) {
    throw new Error(`expected the sizes of ${blocks} blocks but found ${given.length}`);
  }
  const full = (block: number) =>
    rowBytes(layout, layout.blockWidth) * blockRows(layout, Math.floor(block / across) % down);
  const byteCounts = given.length > 0 ? given : Array.from({ length: blocks }, (_, i) => full(i));
  for (let block = 0; block < blocks; block++) {
    const bytes = byteCounts[block] as number;
    if (bytes === 0) continue;
    if ((offsets[block] as number) + bytes > size) {
      throw new Error(`cut short: block ${block} ends after the end of the file`);
    }
    if (compression === 1 && bytes < full(block)) {
      throw new Error(`expected ${full(block)} bytes in block ${block} but found ${bytes}`);
    }
  }
  return { ...layout, byteCounts };
}

/** Bytes of one sample. */
export function sampleBytes({ sampleType }: Layout): number {
  return bitsOf(sampleType) / 8;
}

/** Default bytes of decoded blocks that are kept. */
export const usuallyKept: number = 2 ** 27;
