/** Opens the two ends of an image's run, lets its tiles flow between them, and publishes the output. */
import type { Observable } from "rxjs";
import { bitsOf } from "../../image/samples.ts";
import { whatIsLost } from "../../io/sinks/list-losses.ts";
import { openRasterSink, originOf, type RasterSink } from "../../io/sinks/raster-sink.ts";
import type { OpenedSource } from "../../io/sources/opened-source.ts";
import type { StorePlan } from "../../io/store/store-plan.ts";
import type { StoredTiles } from "../../io/store/tile-store.ts";
import { openRunFolder } from "../../io/system/run-folder.ts";
import type { Scope } from "../../io/system/scope.ts";
import type { Progress } from "../../operators/stages/tile.ts";
import { deblurImage } from "../deblur-image.ts";
import { type FieldFiles, openFieldFiles } from "../kernel-files/field-files.ts";
import { openWhere, type Where } from "../plan/open-where.ts";
import { type ImagePlan, isLong } from "../plan/plan-image.ts";
import { restoringOf } from "../plan/restoring.ts";
import type { RunPlan } from "../plan/run-facts.ts";
import { storePlanOf } from "../plan/store-plan.ts";
import { storeImage } from "../store-image.ts";
import { type LongRun, openLongRun } from "./long-run.ts";

/** The open ends of an image's run. */
export interface ImageEnds {
  readonly source: OpenedSource;
  readonly where: Where;
  readonly sink: RasterSink;
  /** The kept tiles of a long run; undefined: tiles wait in memory. */
  readonly kept?: { readonly run: LongRun; readonly tiles: StoredTiles };
  readonly fields: FieldFiles;
}

/** Opens source, sink and stores, which `scope` closes, and reports the plan. @throws as `deblurFile` */
export async function openEnds(plan: ImagePlan, scope: Scope): Promise<ImageEnds> {
  const { input, output, header, fieldFiles, options, form, grid, runtime, context } = plan;
  const { signal = new AbortController().signal, onNote = () => {} } = context;
  const { engine, pool } = runtime;
  const { tile, range, tolerant, noResume, force } = options;
  const { stripMetadata, compression, cog, pyramid } = options;

  signal.throwIfAborted();
  const run = plan.long
    ? scope.use(openLongRun(output, { startOver: noResume, onNote }), (it) => it.close())
    : undefined;
  const folder = run?.work ?? scope.use(await openRunFolder(output), (it) => it.remove()).path;
  const reading = { folder, tolerant, tile, kept: plan.kept, range, signal };
  const { source, notes } = await header.open(reading);
  scope.use(source, (it) => it.close());

  const { width, height, channels, radiometry, metadata } = source;
  const where = await openWhere(options, source, { folder, scope, signal, onNote });
  const storePlan = storePlanOf(source, { grid, form, options, where });
  const sink = scope.use(
    await openRasterSink(output, {
      ...{ width, height, channels, sampleType: storePlan.outputType, radiometry },
      ...{ format: form.format, quality: form.quality, metadata, stripMetadata, pyramid },
      ...{ folder, force, pool, tiff: { ...originOf(source), compression, cog } },
    }),
    (it) => it.close(),
  );
  const seen = { width, height, orientation: metadata.orientation };
  const fields = scope.use(openFieldFiles(fieldFiles, engine, seen), (it) => it.close());
  const tiles = await run?.enter({ input, tolerant, plan: storePlan, runtime, signal });

  context.onStart?.(factsOf(plan, storePlan, tiles?.count ?? 0));
  if (fieldFiles.length > 0 && isLong(output, grid.count)) {
    onNote(
      "files of kernels or sigma need every tile: nothing is kept, a run that ends early starts over",
    );
  }
  const lost = whatIsLost(output, source, { ...options, format: form.format });
  for (const note of [...notes, ...lost]) onNote(note);
  return { source, where, sink, ...(run && tiles && { kept: { run, tiles } }), fields };
}

/** Restores the tiles of an image, into its sink or, in a long run, into its store. Subscribing starts it. */
export function tilesOf(
  { options, grid, runtime, context }: ImagePlan,
  { source, where, sink, kept, fields }: ImageEnds,
): Observable<Progress> {
  const { engine } = runtime;
  const { signal } = context;
  const running = {
    ...restoringOf(options, runtime),
    ...where.restoring,
    ...{ grid, sample: fields.sample, ...(signal && { signal }) },
  };
  return kept
    ? storeImage(source, kept.tiles, engine, running)
    : deblurImage(source, sink, engine, running);
}

/** Encodes and publishes the output, then the files of kernels and sigma. @throws as `deblurFile` */
export async function publishEnds(
  { options, context }: ImagePlan,
  { sink, kept, fields }: ImageEnds,
): Promise<void> {
  const { signal = new AbortController().signal, onNote = () => {} } = context;
  for (const lack of await fields.make()) onNote(lack);
  kept?.run.finishing();
  await sink.finish({ signal, ...(kept && { image: kept.tiles.image }) });
  for (const line of await fields.publish(options)) onNote(line);
  kept?.run.finished();
}

function factsOf(plan: ImagePlan, stored: StorePlan, tilesKept: number): RunPlan {
  const { input, output, file, files, options, grid, runtime, memory, disk } = plan;
  const { width, height } = grid.plan;
  const { channels, radiometry, outputType } = stored;
  const { tile, halo, scale, inFlight } = options;
  const { engine, preset } = runtime;
  const largest = grid.largest();
  return {
    ...{ input, output, file, files, width, height, channels, bits: bitsOf(outputType) },
    ...{ radiometry, engine: engine.identity, preset, tile, halo, scale, inFlight },
    ...{ tileWidth: largest.width, tileHeight: largest.height, tiles: grid.count, tilesKept },
    ...{ memory, disk },
  };
}
