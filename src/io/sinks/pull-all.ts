/** Pulls a finished image rectangle by rectangle and passes each to the caller. */
import { defer, lastValueFrom } from "rxjs";
import type { ImageSource, Raster } from "../../image/raster.ts";
import { admit } from "../../operators/flow/admit.ts";
import { untilAborted } from "../../operators/flow/until-aborted.ts";
import type { Rect } from "../../rect.ts";

/** Side of a rectangle, px. */
const side = 512;

/**
 * Hands all of `image` to `put`, `inFlight` rectangles at a time, from top to bottom. When this settles nothing is
 * under way any more. Fails with what reading or putting fails with, or the signal's reason.
 */
export async function pullAll(
  image: ImageSource,
  put: (rect: Rect, raster: Raster) => Promise<void>,
  { inFlight, signal }: { readonly inFlight: number; readonly signal: AbortSignal },
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const pulled = admit(rectsOf(image), inFlight, (rect) =>
    defer(() => {
      const done = image.read(rect, { signal }).then((raster) => put(rect, raster));
      underWay.add(done);
      const forget = () => underWay.delete(done);
      done.then(forget, forget);
      return done;
    }),
  );
  try {
    await lastValueFrom(pulled.pipe(untilAborted(signal)));
  } finally {
    await Promise.allSettled(underWay);
  }
}

function* rectsOf({ width, height }: ImageSource): Generator<Rect, void, undefined> {
  for (let y = 0; y < height; y += side)
    for (let x = 0; x < width; x += side)
      yield { x, y, width: Math.min(side, width - x), height: Math.min(side, height - y) };
}
