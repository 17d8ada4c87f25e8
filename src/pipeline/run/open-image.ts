/** A picture's job in, both its ends and all that lies between them out: opened, before the first tile. */
import { planTiles } from "../../image/plan-tiles.ts";
import type { ImageSource } from "../../image/raster.ts";
import { bitsOf } from "../../image/samples.ts";
import type { OutputForm } from "../../io/formats/output-form.ts";
import { openRasterSink, originOf, type RasterSink } from "../../io/sinks/raster-sink.ts";
import { whatIsLost } from "../../io/sinks/say-losses.ts";
import { openInput } from "../../io/sources/open-input.ts";
import type { OpenedSource } from "../../io/sources/opened-source.ts";
import type { StoredTiles } from "../../io/store/tile-store.ts";
import { openRunFolder } from "../../io/system/run-folder.ts";
import type { Scope } from "../../io/system/scope.ts";
import { knownKernels } from "../deblur-image-options.ts";
import type { Runtime } from "../engines/runtime.ts";
import { type FieldFiles, openFieldFiles } from "../kernel-files/field-files.ts";
import type { Budget } from "../plan/plan-budget.ts";
import type { ImageJob } from "../plan/run-context.ts";
import type { RunPlan } from "../plan/run-facts.ts";
import { storePlanOf } from "../plan/store-plan.ts";
import type { Settled } from "../plan/usual-tiling.ts";
import { isLong, type LongRun, openLongRun } from "./long-run.ts";

/** All that a picture's tiles need on their way. */
export interface OpenImage {
  readonly source: OpenedSource;
  readonly sink: RasterSink;
  /** Where many tiles are kept, and the picture they make; none: there are few. */
  readonly longRun?: LongRun;
  readonly tiles?: StoredTiles;
  readonly image?: ImageSource;
  readonly fields: FieldFiles;
  readonly runtime: Runtime;
  readonly plan: RunPlan;
  readonly options: Settled;
  readonly feather: number;
  readonly signal: AbortSignal;
}

/** Everything it opens is in `opened`, also where it throws. @throws as `deblurFile` */
export async function openImage(
  { input, output, fieldFiles, file, files, context }: ImageJob,
  {
    form,
    budget,
    runtime,
  }: { readonly form: OutputForm; readonly budget: Budget; readonly runtime: Runtime },
  scope: Scope,
): Promise<OpenImage> {
  const { signal = new AbortController().signal, onNote = () => {} } = context;
  const { options, kept, long, memory, disk } = budget;
  const { tile, halo, inFlight, maxPixels, tolerant, stripMetadata, force } = options;
  const { compression, cog, pyramid } = options;

  signal.throwIfAborted();
  const startOver = options.noResume;
  const longRun = long
    ? scope.use(openLongRun(output, { startOver, onNote }), (it) => it.close())
    : undefined;
  const folder = longRun?.work ?? scope.use(await openRunFolder(output), (it) => it.remove()).path;
  const { engine, preset, pool } = runtime;
  for (const { of } of fieldFiles) knownKernels(of, engine);
  signal.throwIfAborted();
  const { bands, range } = options;
  const reading = { folder, maxPixels, tolerant, tile, kept, bands, range, signal };
  const { source, notes } = await openInput(input, reading);
  scope.use(source, (it) => it.close());
  const { width, height, channels, radiometry, metadata } = source;
  const storePlan = storePlanOf(source, engine, { tile, halo, form, skipSharp: options.skipSharp });
  const { format, quality } = form;
  const { outputType: sampleType } = storePlan;
  const picture = { width, height, channels, bits: bitsOf(sampleType) };
  const sink = scope.use(
    await openRasterSink(output, {
      ...{ width, height, channels, sampleType, radiometry },
      format,
      quality,
      folder,
      metadata,
      force,
      pool,
      stripMetadata,
      tiff: { ...originOf(source), compression, cog },
      pyramid,
    }),
    (it) => it.close(),
  );

  const fields = scope.use(
    openFieldFiles(fieldFiles, engine, { width, height, orientation: metadata.orientation }),
    (it) => it.close(),
  );

  const { feather, ...tilePlan } = planTiles(storePlan.grid);
  const tiles = await longRun?.enter({ input, tolerant, plan: storePlan, runtime, signal });
  const chosen = { radiometry, engine: engine.identity, preset, tile, halo, inFlight };
  const counts = { ...tilePlan, tilesKept: tiles?.count ?? 0 };
  const plan = { input, output, file, files, ...picture, ...chosen, ...counts, memory, disk };
  context.onStart?.(plan);
  if (fieldFiles.length > 0 && isLong(output, tilePlan)) {
    onNote(
      "files of kernels or sigma need every tile: nothing is kept, a run that ends early starts over",
    );
  }
  for (const note of [...notes, ...whatIsLost(output, source, { ...options, format })])
    onNote(note);
  const state = longRun && tiles && { longRun, tiles, image: tiles.image };
  return { source, sink, ...state, fields, runtime, plan, options, feather, signal };
}
