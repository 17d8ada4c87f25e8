/**
 * Restores an image tile by tile. Read this first: one tile, one pipe, top to bottom. Tiles are rectangles, pulled
 * when a slot is free. Each is read, restored on the device, blended with its neighbours and written before the
 * next one gets its slot. Memory depends on `inFlight` and the size of a tile, not on that of the image.
 */
import { defer, map, type Observable, type OperatorFunction, of, pipe } from "rxjs";
import type { ImageSink, ImageSource } from "../image/raster.ts";
import { openCanvas } from "../image/tiling/canvas.ts";
import type { Engine } from "../model/engine.ts";
import { admit } from "../operators/flow/admit.ts";
import { exclusive } from "../operators/flow/exclusive.ts";
import { untilAborted } from "../operators/flow/until-aborted.ts";
import { sampleKernels, sampleSigma } from "../operators/samples/sample-field.ts";
import { sampleImage } from "../operators/samples/sample-image.ts";
import { blend } from "../operators/stages/blend.ts";
import { copyFailed } from "../operators/stages/copy-failed.ts";
import { deblur } from "../operators/stages/deblur.ts";
import { decode } from "../operators/stages/decode.ts";
import { decodeFlow } from "../operators/stages/decode-flow.ts";
import { deconvolve } from "../operators/stages/deconvolve.ts";
import { estimateKernels } from "../operators/stages/estimate-kernels.ts";
import { skipFlat } from "../operators/stages/skip-flat.ts";
import { skipSharp } from "../operators/stages/skip-sharp.ts";
import type { Progress, RestoredTile, Tile } from "../operators/stages/tile.ts";
import { write } from "../operators/stages/write.ts";
import {
  type CheckedOptions,
  checkDeblurImage,
  type DeblurImageOptions,
} from "./deblur-image-options.ts";

/**
 * Deblurs an image from a source into a sink. Subscribing starts the run. Unsubscribing or `signal` stops it and frees
 * its tensors on the engine. The caller closes source and sink, and disposes the engine.
 *
 *     await lastValueFrom(deblurImage(source, sink, engine));
 *
 * @throws OptionError at once. The Observable fails with a TileError naming rectangle and stage, or with the
 * signal's reason. The sink then holds an incomplete image.
 */
export function deblurImage(
  source: ImageSource,
  sink: ImageSink,
  engine: Engine,
  options: DeblurImageOptions = {},
): Observable<Progress> {
  const checked = checkDeblurImage(options, source, engine);
  const { grid, inFlight, timeout } = checked;

  return defer(() => {
    const canvas = openCanvas(grid);
    return admit(grid.tiles(), inFlight, (place) =>
      of(place).pipe(
        restoreTile(source, engine, checked), //               Tile → its residual, see below
        blend(canvas, { timeout }), //                         → the blocks that no later tile changes
        write(sink, { timeout }), //                           → the tile, stored
      ),
    ).pipe(map((written, i) => ({ ...written, tilesDone: i + 1, tilesTotal: grid.count })));
  }).pipe(untilAborted(options.signal));
}

/** Restores one tile, from its rectangle to its residual [3, h, w]. The operator fails with a TileError. */
export function restoreTile(
  source: ImageSource,
  engine: Engine,
  { convert, timeout, onTileError, residualLimit, sample, ...checked }: CheckedOptions,
): OperatorFunction<Tile, RestoredTile> {
  const { alignment, lane } = engine;
  return pipe(
    decode(source, convert, { alignment, timeout }), //        Tile → samples, and pixels [3, h, w] 0..1
    sampleImage(sample.image), //                          (samples on request only, as below)
    skipFlat(
      checked.skipFlat, //                                     a tile without structure is skipped
      exclusive(
        lane, //                                               one tile at a time on the device
        copyFailed(
          onTileError,
          pipe(
            estimateKernels(engine, { timeout }), //           → code [1, k², h/s, w/s], sigma
            sampleSigma(engine, sample.sigma, { timeout }),
            decodeFlow(engine, { timeout }), //                → kernels [1, k², h/s, w/s]
            sampleKernels(engine, sample.kernels, { timeout }),
            skipSharp(
              checked.skipSharp, //                            a tile without blur is skipped, on request
              engine,
              pipe(
                deconvolve(engine, { timeout }), //            → the change [1, 3, h, w] that deconvolving makes
                deblur(engine, { timeout, residualLimit }), // → residual [3, h, w], off the device
              ),
              { timeout },
            ),
          ),
        ),
      ),
    ),
  );
}
