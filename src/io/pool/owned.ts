/** What may move to another thread: a view that is all of its buffer. */
import type { Raster } from "../../image/raster.ts";

/** A raster whose buffer holds nothing else: moving a window would take its neighbours' samples along. */
export function owned(raster: Raster): Raster {
  return whole(raster.samples) ? raster : { ...raster, samples: raster.samples.slice() };
}

export function whole(view: ArrayBufferView): boolean {
  return view.byteLength === view.buffer.byteLength;
}
