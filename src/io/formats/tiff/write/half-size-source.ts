/** Reads a written image at half its size, tile by tile: the source of an overview. */
import type { ImageSource } from "../../../../image/raster.ts";
import type { Rect } from "../../../../rect.ts";
import type { Pool } from "../../../pool/pool.ts";
import type { TileCoding } from "./decode-tile.ts";
import { type Averaging, halveTilesIn, type Quarter, type TilePlace } from "./halve-tiles.ts";
import { isPredicted, type TileLayout, tileCounts } from "./tile-layout.ts";
import type { WrittenPage } from "./written-page.ts";

export interface Halving {
  /** The file the tiles are in; stays open until every read has settled. */
  readonly fd: number;
  /** Says which pixels count. */
  readonly mask: WrittenPage | undefined;
  /** undefined: the upper left pixel of four stands for them. */
  readonly averaging: Averaging | undefined;
}

/** Can be read only in the rectangles of its own tiles, which are as large as those of `image`. */
export function halved(
  page: WrittenPage,
  { fd, mask, averaging }: Halving,
  pool: Pool,
): ImageSource {
  const { layout } = page;
  const { channels, sampleType } = layout;
  const halve = halveTilesIn(pool);
  return {
    ...halfSize(layout),
    ...{ channels, sampleType },
    read: ({ x, y, width, height }) =>
      halve({
        ...{ fd, averaging, width, height },
        coding: codingOf(layout),
        maskCoding: mask && codingOf(mask.layout),
        quarters: quartersOf(page, mask, { x, y }),
      }),
  };
}

/** The size of an overview, rounded up. */
export function halfSize({ width, height }: Pick<TileLayout, "width" | "height">): {
  readonly width: number;
  readonly height: number;
} {
  return { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
}

function codingOf(layout: TileLayout): TileCoding {
  const { tileWidth, tileHeight, channels, sampleType, asBits, littleEndian } = layout;
  return {
    ...{ tileWidth, tileHeight, channels, sampleType, asBits, littleEndian },
    deflate: layout.compression === "deflate",
    predict: isPredicted(layout),
  };
}

/** The tiles below the overview's tile at (x, y): four, fewer at the right and bottom edge. */
function quartersOf(
  { layout, places }: WrittenPage,
  mask: WrittenPage | undefined,
  { x, y }: Pick<Rect, "x" | "y">,
): readonly Quarter[] {
  const { tileWidth, tileHeight } = layout;
  const { across, down } = tileCounts(layout);
  const quarters: Quarter[] = [];
  for (const below of [false, true]) {
    for (const right of [false, true]) {
      const column = (2 * x) / tileWidth + Number(right);
      const row = (2 * y) / tileHeight + Number(below);
      if (column >= across || row >= down) continue;
      const index = row * across + column;
      quarters.push({
        ...{ right, below },
        width: Math.min(tileWidth, layout.width - column * tileWidth),
        height: Math.min(tileHeight, layout.height - row * tileHeight),
        place: placeOf(places, index),
        ...(mask && { mask: placeOf(mask.places, index) }),
      });
    }
  }
  return quarters;
}

function placeOf({ offsets, byteCounts }: WrittenPage["places"], index: number): TilePlace {
  return { offset: offsets[index] as number, byteCount: byteCounts[index] as number };
}
