/**
 * The tiles of a picture go to the end of a file, one after the other: pulled from the picture, encoded in the
 * pool, a bounded number at a time. What is kept of them is where they lie.
 */
import type { FileHandle } from "node:fs/promises";
import { defer, lastValueFrom } from "rxjs";
import { admit } from "../../operators/admit.ts";
import type { ImageSource } from "../../operators/tile.ts";
import { untilAborted } from "../../operators/until-aborted.ts";
import type { CpuPool } from "../workers/pool.ts";
import {
  isPredicted,
  type TileLayout,
  type TilePlaces,
  type TileRect,
  tileCounts,
  tileRects,
} from "./tile-layout.ts";

/** What writing needs besides the picture. */
export interface WritingContext {
  readonly pool: CpuPool;
  /** Tiles between being read and being written. */
  readonly inFlight: number;
  readonly signal: AbortSignal;
}

/** A file that grows at its end; one write at a time. */
export interface Appender {
  /** Where the next byte goes. */
  readonly position: number;
  /** Writes all bytes; fails with the system's error. */
  append(bytes: Uint8Array): Promise<void>;
}

/** Appends to `file` from `start` on. */
export function appendTo(file: FileHandle, start: number): Appender {
  let position = start;
  return {
    get position() {
      return position;
    },
    async append(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(
          bytes,
          done,
          bytes.length - done,
          position + done,
        );
        done += bytesWritten;
      }
      position += bytes.length;
    },
  };
}

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
  const underWay = new Set<Promise<void>>();
  let before = Promise.resolve();

  const write = async ({ index, rect }: TileRect, turn: Promise<void>): Promise<void> => {
    const raster = await image.read(rect, { signal });
    const encoded = await pool.encodeTile({ ...form, raster });
    await turn;
    for (const [plane, bytes] of encoded.entries()) {
      offsets[plane * perPlane + index] = file.position;
      byteCounts[plane * perPlane + index] = bytes.length;
      await file.append(bytes);
    }
  };
  const written = admit(tileRects(layout), inFlight, (tile) =>
    defer(() => {
      // Tiles are admitted in order, so each waits for the one before it.
      const done = write(tile, before);
      before = done;
      underWay.add(done);
      const forget = () => underWay.delete(done);
      done.then(forget, forget);
      return done;
    }),
  );
  try {
    await lastValueFrom(written.pipe(untilAborted(signal)));
  } finally {
    await Promise.allSettled(underWay);
  }
  return { offsets, byteCounts };
}
