/** Restores an image in memory. */
import { bufferSink, bufferSource } from "../image/buffer.ts";
import type { Radiometry } from "../image/radiometry.ts";
import type { Raster } from "../image/raster.ts";
import { withScope } from "../io/system/scope.ts";
import { deblurImage } from "./deblur-image.ts";
import type { EngineOptions } from "./engines/engine-options.ts";
import { openRuntime } from "./engines/runtime.ts";
import { completeOptions } from "./options/complete-options.ts";
import type { FileOptions } from "./options/file-options.ts";
import { withUsualTiling } from "./plan/plan-memory.ts";
import { restoringOf } from "./plan/restoring.ts";
import type { RunContext } from "./plan/run-context.ts";
import { drain, openTileReport } from "./run/drain.ts";

/** The options of an image in memory; see `FileOptions`. */
export interface BufferOptions
  extends EngineOptions,
    Pick<
      FileOptions,
      "tile" | "halo" | "scale" | "inFlight" | "timeout" | "onTileError" | "skipSharp"
    > {
  /** The meaning of the samples. Default: 1 and 2 channels are grey, 3 and 4 are RGB; alpha is straight. */
  readonly radiometry: Radiometry;
}

/** The callbacks of the run, its signal, and an engine and pool to share. */
export type BufferContext = Pick<
  RunContext,
  "engine" | "pool" | "signal" | "onProgress" | "onNote"
>;

/**
 * Deblurs an image in memory. Input and output are interleaved [height, width, channels] of the same type.
 *
 *     const { samples } = await deblurBuffer({ width, height, channels: 3, samples: new Uint8Array(rgb) });
 *
 * Opens an engine and disposes it again, which takes longer than a small image. For several images, share one in
 * `context.engine`; the caller disposes that one. The input samples are not changed. Besides both images, memory
 * holds `inFlight` tiles.
 * @throws InputError unless there are width × height × channels samples; the errors of `openEngine` and `deblurImage`;
 *   the signal's reason
 */
export async function deblurBuffer(
  { width, height, channels, samples, valid }: Raster,
  { radiometry, ...given }: Partial<BufferOptions> = {},
  context: BufferContext = {},
): Promise<Raster> {
  const asked = completeOptions(given);
  const raster = { width, height, channels, samples, ...(valid && { valid }) };
  const source = bufferSource(raster, radiometry);
  const sink = bufferSink(source);
  return withScope(context, async (scope) => {
    const runtime = await openRuntime(asked, context, scope);
    const { engine } = runtime;
    const options = withUsualTiling(asked, engine);
    const { tile, halo, scale } = options;
    const { signal } = context;
    const tiles = deblurImage(source, sink, engine, {
      ...restoringOf(options, runtime),
      ...{ tile, halo, scale, ...(signal && { signal }) },
    });
    await drain(tiles, openTileReport(context).add);
    return { ...raster, samples: sink.samples };
  });
}
