/**
 * Restores an image tile by tile. Read this first: one tile, one pipe, top to bottom. Tiles are rectangles, pulled
 * when a slot is free. Each is read, restored on the device, blended with its neighbours and written before the
 * next one gets its slot. Memory depends on `inFlight` and the size of a tile, not on that of the image.
 */
import { defer, map, type Observable, type OperatorFunction, of, pipe } from "rxjs";
import type { ImageSink, ImageSource } from "../image/raster.ts";
import { openCanvas } from "../image/tiling/canvas.ts";
import { reductionOf } from "../image/tiling/grid.ts";
import type { Engine } from "../model/engine.ts";
import { admit } from "../operators/flow/admit.ts";
import { exclusive } from "../operators/flow/exclusive.ts";
import { untilAborted } from "../operators/flow/until-aborted.ts";
import { sampleKernels, sampleSigma } from "../operators/samples/sample-field.ts";
import { sampleImage } from "../operators/samples/sample-image.ts";
import { atScale } from "../operators/stages/at-scale.ts";
import { atStrength } from "../operators/stages/at-strength.ts";
import { blend } from "../operators/stages/blend.ts";
import { chooseScale } from "../operators/stages/choose-scale.ts";
import { copyFailed } from "../operators/stages/copy-failed.ts";
import { deblur } from "../operators/stages/deblur.ts";
import { decode } from "../operators/stages/decode.ts";
import { decodeFlow } from "../operators/stages/decode-flow.ts";
import { deconvolve } from "../operators/stages/deconvolve.ts";
import { estimateKernels } from "../operators/stages/estimate-kernels.ts";
import { skipFlat } from "../operators/stages/skip-flat.ts";
import { skipSharp } from "../operators/stages/skip-sharp.ts";
import type { DecodedTile, Progress, RestoredTile, Tile } from "../operators/stages/tile.ts";
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
  checked: CheckedOptions,
): OperatorFunction<Tile, RestoredTile> {
  const { convert, timeout, sample, grid, strength } = checked;
  const { scale, feather } = grid.plan;
  const alignment = engine.alignment * reductionOf(scale);
  return pipe(
    decode(source, convert, { alignment, timeout }), //        Tile → samples, and pixels [3, h, w] 0..1
    sampleImage(sample.image), //                          (samples on request only, as below)
    atStrength(
      strength, //                                             less where the mask is dark; none of it: skipped
      { timeout, feather },
      skipFlat(
        checked.skipFlat, //                                   a tile without structure is skipped
        scale === "auto"
          ? chooseScale(
              { grid, source }, //                             full size or half size in each cell of 128 pixels
              {
                full: restorePixels(engine, checked),
                half: restorePixels(engine, { ...checked, ...quietly }, 2),
              },
            )
          : atScale(scale ?? 1, restorePixels(engine, checked, scale)),
      ),
    ),
  );
}

/** A tile is sampled, and its blur is judged, at full size only. */
const quietly = { sample: { image: [], sigma: [], kernels: [] }, skipSharp: false };

/** Restores the pixels of a tile, which are reduced by `scale`, on the device. */
function restorePixels(
  engine: Engine,
  { timeout, onTileError, residualLimit, sample, ...checked }: CheckedOptions,
  scale = 1,
): OperatorFunction<DecodedTile, RestoredTile> {
  const options = { timeout, scale };
  return exclusive(
    engine.lane, //                                            one tile at a time on the device
    copyFailed(
      onTileError,
      pipe(
        estimateKernels(engine, options), //                   → code [1, k², h/s, w/s], sigma
        sampleSigma(engine, sample.sigma, options),
        decodeFlow(engine, options), //                        → kernels [1, k², h/s, w/s]
        sampleKernels(engine, sample.kernels, options),
        skipSharp(
          checked.skipSharp, //                                a tile without blur is skipped, on request
          engine,
          pipe(
            deconvolve(engine, options), //                    → the change [1, 3, h, w] that deconvolving makes
            deblur(engine, { timeout, residualLimit }), //     → residual [3, h, w], off the device
          ),
          options,
        ),
      ),
    ),
  );
}
