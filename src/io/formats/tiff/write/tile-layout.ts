/** Plans how an image is cut into the tiles of a TIFF, and the entries of its directory for them. */
import { bitsOf, type SampleType } from "../../../../image/samples.ts";
import type { Rect } from "../../../../rect.ts";
import { entryOf, type TiffEntry } from "../directory.ts";
import { tags } from "../tags.ts";

/** What a TIFF's tiles are packed by. */
export type TiffCompression = "none" | "deflate";

/** The arrangement of one image's pixels in a file. */
export interface TileLayout {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly sampleType: SampleType;
  /** Multiples of 16. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Each channel in tiles of its own. */
  readonly planar: boolean;
  /** One bit a pixel: a mask. */
  readonly asBits: boolean;
  readonly compression: TiffCompression;
  readonly littleEndian: boolean;
}

/** Where the tiles lie, in the order of the directory: row by row, one plane after the other. */
export interface TilePlaces {
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
}

const step = 16;
/** Bytes of a tile, about: what is in memory at a time for each place in flight. */
const tileBytes = 2 ** 23;

/** The side for tiles of an image: at most 512, less for pixels of many bytes. */
export function tileSide(pixelBytes: number): number {
  return [512, 256, 128].find((side) => side * side * pixelBytes <= tileBytes) ?? 64;
}

/** Tile lengths that fill no more than needed of an image smaller than a tile. */
export function tileSize(
  { width, height }: { readonly width: number; readonly height: number },
  side: number,
): Pick<TileLayout, "tileWidth" | "tileHeight"> {
  const fitted = (length: number) => Math.min(side, step * Math.ceil(length / step));
  return { tileWidth: fitted(width), tileHeight: fitted(height) };
}

/** Tiles in a row, in a column, and planes. */
export function tileCounts(layout: TileLayout): {
  readonly across: number;
  readonly down: number;
  readonly planes: number;
} {
  return {
    across: Math.ceil(layout.width / layout.tileWidth),
    down: Math.ceil(layout.height / layout.tileHeight),
    planes: layout.planar ? layout.channels : 1,
  };
}

/** A tile's place among the tiles of its plane, and its pixels. */
export interface TileRect {
  readonly index: number;
  readonly rect: Rect;
}

/** The rectangles of the tiles, row by row, those at the right and bottom edge cut off. */
export function* tileRects(layout: TileLayout): Generator<TileRect> {
  const { width, height, tileWidth, tileHeight } = layout;
  const { across, down } = tileCounts(layout);
  for (let index = 0; index < across * down; index++) {
    const x = (index % across) * tileWidth;
    const y = Math.floor(index / across) * tileHeight;
    const rect = {
      x,
      y,
      width: Math.min(tileWidth, width - x),
      height: Math.min(tileHeight, height - y),
    };
    yield { index, rect };
  }
}

/**
 * True where differences are stored instead of samples. Not in big-endian order, on which readers disagree:
 * libtiff 4.5 writes byte planes of floats one way and reads them the other, and geotiff.js 3.0.5 adds up
 * integers in the machine's order.
 */
export function isPredicted(layout: TileLayout): boolean {
  const { compression, asBits, sampleType, littleEndian } = layout;
  return compression === "deflate" && !asBits && (littleEndian || bitsOf(sampleType) === 8);
}

function isFloat(sampleType: SampleType): boolean {
  return sampleType.startsWith("float");
}

/** The entries that say how the pixels are arranged. Offsets take 8 bytes each where `big`. */
export function layoutEntries(
  layout: TileLayout,
  { offsets, byteCounts }: TilePlaces,
  big: boolean,
): readonly TiffEntry[] {
  const { width, height, channels, sampleType, tileWidth, tileHeight, planar, littleEndian } =
    layout;
  const bits = layout.asBits ? 1 : bitsOf(sampleType);
  const format = isFloat(sampleType) ? 3 : sampleType.startsWith("int") ? 2 : 1;
  const short = (tag: number, ...values: number[]) => entryOf(tag, "short", values, littleEndian);
  const long = (tag: number, value: number) => entryOf(tag, "long", [value], littleEndian);
  return [
    long(tags.width, width),
    long(tags.height, height),
    short(tags.bitsPerSample, ...new Array<number>(channels).fill(bits)),
    short(tags.compression, layout.compression === "none" ? 1 : 8),
    short(tags.samplesPerPixel, channels),
    short(tags.planarConfiguration, planar ? 2 : 1),
    ...(isPredicted(layout) ? [short(tags.predictor, isFloat(sampleType) ? 3 : 2)] : []),
    short(tags.tileWidth, tileWidth),
    short(tags.tileLength, tileHeight),
    entryOf(tags.tileOffsets, big ? "long8" : "long", offsets, littleEndian),
    entryOf(tags.tileByteCounts, "long", byteCounts, littleEndian),
    short(tags.sampleFormat, ...new Array<number>(channels).fill(format)),
  ];
}
