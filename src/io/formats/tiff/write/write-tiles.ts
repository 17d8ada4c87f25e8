/**
 * Appends the tiles of an image to a file, one after the other: pulled from the image and encoded in the pool, a
 * bounded number at a time. Only their places in the file are kept.
 */
import { freeBuffers } from "../../../../free-buffers.ts";
import type { ImageSource } from "../../../../image/raster.ts";
import {
  type Appender,
  appendInOrder,
  type WritingContext,
} from "../../../pool/append-in-order.ts";
import { encodeTileIn } from "./encode-tile.ts";
import {
  isPredicted,
  type TileLayout,
  type TilePlaces,
  tileCounts,
  tileRects,
} from "./tile-layout.ts";

/**
 * Appends all tiles of `image`, row by row, the planes of a tile together. When this settles nothing is under
 * way any more. Fails with the system's error, what `image.read` fails with, or the signal's reason.
 */
export async function writeTiles(
  image: ImageSource,
  layout: TileLayout,
  file: Appender,
  { pool, inFlight, signal }: WritingContext,
): Promise<TilePlaces> {
  const { across, down, planes } = tileCounts(layout);
  const perPlane = across * down;
  const offsets = new Float64Array(perPlane * planes);
  const byteCounts = new Float64Array(perPlane * planes);
  const { tileWidth, tileHeight, planar, asBits, compression, littleEndian } = layout;
  const form = {
    ...{ tileWidth, tileHeight, planar, asBits, littleEndian },
    deflate: compression === "deflate",
    predict: isPredicted(layout),
  };
  const encode = encodeTileIn(pool);
  await appendInOrder(tileRects(layout), {
    inFlight,
    signal,
    async make({ rect }) {
      const raster = await image.read(rect, { signal });
      return encode({ ...form, raster });
    },
    async store({ index }, encoded) {
      for (const [plane, bytes] of encoded.entries()) {
        offsets[plane * perPlane + index] = file.position;
        byteCounts[plane * perPlane + index] = bytes.length;
        await file.append(bytes);
        freeBuffers(bytes);
      }
    },
  });
  return { offsets, byteCounts };
}
