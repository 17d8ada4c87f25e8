/**
 * A picture's path in, the restored picture at another path out: opens both ends and the engine, lets the
 * tiles flow between them, and closes everything in every outcome. The output is complete or absent.
 */
import { lastValueFrom, tap } from "rxjs";
import { bitsOf } from "../operators/samples.ts";
import type { ImageSource, Progress } from "../operators/tile.ts";
import type { Rect } from "../operators/tiling/rect.ts";
import { type Budget, planBudget } from "./budget/plan-budget.ts";
import type { Settled } from "./budget/tiling.ts";
import { completeOptions } from "./complete-options.ts";
import { deblurImage } from "./deblur-image.ts";
import { knownKernels } from "./deblur-image-options.ts";
import { type FieldFiles, openFieldFiles } from "./fields/field-files.ts";
import { fieldFilesOf } from "./fields/field-form.ts";
import { assertStageable } from "./fields/stage-file.ts";
import { type LongRun, openLongRun } from "./long-run.ts";
import { losses } from "./losses.ts";
import { checkInput, openInput } from "./open-input.ts";
import { openWorkbench, type Workbench } from "./open-workbench.ts";
import { closingAll, type Opened } from "./opened.ts";
import type { FileOptions } from "./options.ts";
import { originOf } from "./origin-of.ts";
import { type OutputForm, outputForm } from "./output-form.ts";
import { outputFormatFor, outputFormats } from "./picture-formats.ts";
import { planTiles } from "./plan-tiles.ts";
import type { PictureJob, RunContext } from "./run-context.ts";
import type { RunPlan, RunResult } from "./run-facts.ts";
import { assertFolder, openRunFolder } from "./run-folder.ts";
import { assertFormatHolds } from "./sinks/assert-format-holds.ts";
import { assertFree } from "./sinks/publish.ts";
import { openRasterSink, type RasterSink } from "./sinks/raster.ts";
import type { OpenedSource } from "./sources/opened-source.ts";
import type { PictureFormat } from "./sources/picture-header.ts";
import type { StoredTiles } from "./store/tile-store.ts";
import { storeImage } from "./store-image.ts";
import { storePlanOf } from "./store-plan.ts";
import { throughPipes } from "./through-pipes.ts";

/**
 * Deblurs the picture at `input` into a new file `output`: PNG, JPEG, WebP, AVIF or TIFF by its suffix.
 *
 *     await deblurFile("shaken.jpg", "sharp.png", { tile: 512 });
 *
 * Nothing is at `output` unless this resolves; with `force`, what was there stays until then. An input "-"
 * is standard input; an output "-" is standard output, in the input's format unless `format` says another.
 * Files of kernels and σ follow the output: where one loses its name to another program in that moment, the
 * output is there all the same.
 * @throws OptionError, OutputError, NoInputError, InputError, UnavailableError, WeightsError, IoError,
 *   TileError, or ReaderGoneError of a pipe; the signal's reason once it is aborted
 */
export async function deblurFile(
  input: string,
  output: string,
  given: Partial<FileOptions> = {},
  context: RunContext = {},
): Promise<RunResult> {
  const options = completeOptions(given);
  const keepsFormat = output === "-";
  const fieldFiles = fieldFilesOf(options, [input, output]);
  if (!keepsFormat) {
    outputForm(output, options);
    await assertFree(output, options);
  }
  for (const { path } of fieldFiles) await assertStageable(path, options);
  // Files of kernels need every tile to pass.
  const resumable = fieldFiles.length === 0;
  const form = { options, keepsFormat, resumable };
  const job = { input, output, fieldFiles, ...form, file: 1, files: 1, context };
  return closingAll(context, (opened) =>
    throughPipes(job, opened, (files) =>
      deblurPicture(files, () => openWorkbench(options, context, opened)),
    ),
  );
}

/**
 * Deblurs one picture, from file to file, on a workbench that may serve others before and after it; it is
 * asked for when the picture's header is known to be good.
 * @throws as `deblurFile`
 */
export async function deblurPicture(
  job: PictureJob,
  workbench: () => Promise<Workbench>,
): Promise<RunResult> {
  const { input, output, options, context } = job;
  // A glance, so that a wrong path is told before an engine is opened.
  const header = await checkInput(input, options);
  const { format } = header;
  const form = outputForm(output, job.keepsFormat ? keeping(format, options) : options);
  const { photograph } = header;
  if (photograph) assertFormatHolds({ ...photograph, ...form, bits: form.bits ?? photograph.bits });
  await assertFolder(output);
  const bench = await workbench();
  const budget = await planBudget(job, { header, form, bench });
  return closingAll(context, async (opened) => {
    const picture = await openPicture(job, { form, budget, bench }, opened);
    const passed = await runTiles(job, picture);
    for (const lack of await picture.fields.make()) context.onNote?.(lack);
    await picture.sink.finish(picture);
    await picture.fields.publish(options);
    picture.longRun?.finished();
    const { width, height, tiles } = picture.plan;
    return { input, output, width, height, tiles, ...passed };
  });
}

/** `options` for an output of the input's format: what is for some formats only holds where it is of them. */
function keeping(found: PictureFormat, options: FileOptions): FileOptions {
  if (options.format !== undefined) return options;
  const format = outputFormatFor(found);
  return {
    ...options,
    format,
    ...(outputFormats[format].quality === undefined && { quality: undefined }),
    ...(format !== "tiff" && { compression: undefined, cog: false }),
  };
}

/** All that a picture's tiles need on their way. */
interface OpenPicture {
  readonly source: OpenedSource;
  readonly sink: RasterSink;
  /** Where many tiles are kept, and the picture they make; none: there are few. */
  readonly longRun?: LongRun;
  readonly tiles?: StoredTiles;
  readonly image?: ImageSource;
  readonly fields: FieldFiles;
  readonly bench: Workbench;
  readonly plan: RunPlan;
  readonly options: Settled;
  readonly feather: number;
  readonly signal: AbortSignal;
}

/** Everything it opens is in `opened`, also where it throws. */
async function openPicture(
  { input, output, fieldFiles, file, files, context }: PictureJob,
  {
    form,
    budget,
    bench,
  }: { readonly form: OutputForm; readonly budget: Budget; readonly bench: Workbench },
  opened: Opened,
): Promise<OpenPicture> {
  const { signal = new AbortController().signal, onNote = () => {} } = context;
  const { options, kept, long, memory, disk } = budget;
  const { tile, halo, inFlight, maxPixels, tolerant, stripMetadata, force } = options;
  const { compression, cog, pyramid } = options;

  signal.throwIfAborted();
  const startOver = options.noResume;
  const longRun = long
    ? opened.add(openLongRun(output, { startOver, onNote }), (it) => it.close())
    : undefined;
  const folder = longRun?.work ?? opened.add(await openRunFolder(output), (it) => it.remove()).path;
  const { engine, preset, pool } = bench;
  for (const { of } of fieldFiles) knownKernels(of, engine);
  signal.throwIfAborted();
  const { bands, range } = options;
  const reading = { folder, maxPixels, tolerant, tile, kept, bands, range, signal };
  const { source, notes } = await openInput(input, reading);
  opened.add(source, (it) => it.close());
  const { width, height, channels, radiometry, metadata } = source;
  const storePlan = storePlanOf(source, engine, { tile, halo, form });
  const { format, quality } = form;
  const { outputType: sampleType } = storePlan;
  const picture = { width, height, channels, bits: bitsOf(sampleType) };
  const sink = opened.add(
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

  const fields = opened.add(
    openFieldFiles(fieldFiles, engine, { width, height, orientation: metadata.orientation }),
    (it) => it.close(),
  );

  const { feather, ...tilePlan } = planTiles(storePlan.grid);
  const tiles = await longRun?.enter({ input, tolerant, plan: storePlan, bench, signal });
  const chosen = { radiometry, engine: engine.identity, preset, tile, halo, inFlight };
  const counts = { ...tilePlan, tilesKept: tiles?.count ?? 0 };
  const plan = { input, output, file, files, ...picture, ...chosen, ...counts, memory, disk };
  context.onStart?.(plan);
  for (const note of [...notes, ...losses(output, source, { ...options, format })]) onNote(note);
  const state = longRun && tiles && { longRun, tiles, image: tiles.image };
  return { source, sink, ...state, fields, bench, plan, options, feather, signal };
}

/** Lets the tiles flow from one end to the other; gives back how many were flat, and where they stayed as they were. */
async function runTiles(
  { context }: PictureJob,
  { source, sink, tiles, fields, bench, options, feather, signal }: OpenPicture,
): Promise<Pick<RunResult, "copied" | "flat">> {
  const { tile, halo, inFlight, tileTimeout: timeout, onTileError } = options;
  const deblurOptions = {
    convert: bench.pool.convert,
    tile,
    halo,
    feather,
    inFlight,
    timeout,
    onTileError,
    sample: fields.sample,
    signal,
  };
  const tilesDone = tiles
    ? storeImage(source, tiles, bench.engine, deblurOptions)
    : deblurImage(source, sink, bench.engine, deblurOptions);
  const copied: Rect[] = [...(tiles?.copied ?? [])];
  let flat = tiles?.flat ?? 0;
  await lastValueFrom(
    tilesDone.pipe(
      tap((progress: Progress) => {
        if (progress.copied !== undefined) {
          copied.push(progress.tile.core);
          context.onNote?.(`left blurry: ${progress.copied.message}`);
        }
        if (progress.flat) flat++;
        context.onProgress?.(progress);
      }),
    ),
    { defaultValue: undefined },
  );
  return { copied, flat };
}
