/**
 * The tasks of a pool thread, by name. All are synchronous: between tasks the thread sleeps in
 * Atomics.wait, where nothing left unawaited would go on.
 */
import { move, transferableSymbol, valueSymbol } from "piscina";
import type { Radiometry } from "../../operators/radiometry.ts";
import type { Raster } from "../../operators/tile.ts";
import { systemCode, systemMessage } from "../system-error.ts";
import { convert, isFlat } from "./convert.ts";
import { type StoreJob, store } from "./store.ts";

export interface ConvertTask {
  readonly source: Raster;
  readonly padded: { readonly width: number; readonly height: number };
  readonly radiometry: Radiometry;
}

export interface Converted {
  readonly source: Raster;
  readonly pixels: Float32Array<ArrayBuffer>;
  readonly flat: boolean;
}

/** Converts a tile and hands both its samples and its pixels back; the buffers move, they are not copied. */
export function convertTile({ source, padded, radiometry }: ConvertTask): Converted {
  const pixels = convert(source, padded, radiometry);
  const value: Converted = { source, pixels, flat: isFlat(pixels) };
  const movable = {
    [transferableSymbol]: [source.samples.buffer, pixels.buffer],
    [valueSymbol]: value,
  };
  // piscina unwraps it on the way: the caller receives `value`.
  return move(movable as never) as unknown as Converted;
}

/**
 * Stores a block. Answers what the system said where the disk refused: an error of ours would lose its
 * class between threads.
 */
export function storeBlock(job: StoreJob): string | undefined {
  try {
    store(job);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return systemMessage(error);
  }
  return undefined;
}
