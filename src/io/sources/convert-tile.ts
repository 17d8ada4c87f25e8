/** Converts a tile's samples to what the net sees, in a thread of the pool. */
import { convert, isFlat } from "../../image/convert.ts";
import type { Radiometry } from "../../image/radiometry.ts";
import type { Convert, Raster } from "../../image/raster.ts";
import type { Pool } from "../pool/pool.ts";
import { moved, owned, type PoolTask, poolTask } from "../pool/task.ts";

interface ConvertJob {
  readonly source: Raster;
  readonly padded: { readonly width: number; readonly height: number };
  readonly radiometry: Radiometry;
}

interface Converted {
  readonly source: Raster;
  /** [3, padded.height, padded.width] planar, 0..1. */
  readonly pixels: Float32Array<ArrayBuffer>;
  readonly flat: boolean;
}

/** The task: hands both the samples and the pixels back. */
export function convertTile({ source, padded, radiometry }: ConvertJob): Converted {
  const pixels = convert(source, padded, radiometry);
  return moved<Converted>({ source, pixels, flat: isFlat(pixels) }, [
    source.samples.buffer,
    pixels.buffer,
  ]);
}

const convertTileIn: PoolTask<typeof convertTile> = poolTask("convertTile", ({ source }) => [
  source.samples.buffer,
]);

/**
 * Converts in the pool's threads: the `convert` of a pipeline. The source's buffer moves there and back; the returned
 * one is the caller's from then on. The pool stays the caller's to close. Rejects with the signal's reason.
 */
export function convertIn(pool: Pool): Convert {
  const run = convertTileIn(pool);
  return async (source, padded, { radiometry, signal }) => {
    signal.throwIfAborted();
    const converted = await run({ source: owned(source), padded, radiometry });
    signal.throwIfAborted();
    return converted;
  };
}
