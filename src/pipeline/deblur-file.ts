/**
 * A picture's path in, the restored picture at another path out: opens both ends, the pool and the engine,
 * lets the tiles flow between them, and closes everything in every outcome. The output is complete or absent.
 */
import { lastValueFrom, tap } from "rxjs";
import { plainRadiometry } from "../operators/radiometry.ts";
import type { Progress } from "../operators/tile.ts";
import type { Rect } from "../operators/tiling/rect.ts";
import { chooseEngine, type OpenEngine } from "./choose-engine.ts";
import { completeOptions } from "./complete-options.ts";
import { deblurImage } from "./deblur-image.ts";
import { losses } from "./losses.ts";
import { openInput } from "./open-input.ts";
import { createOpened, type Opened } from "./opened.ts";
import type { FileOptions } from "./options.ts";
import { type OutputForm, outputForm } from "./output-form.ts";
import { planTiles } from "./plan-tiles.ts";
import type { RunPlan, RunResult } from "./run-facts.ts";
import { openRunFolder } from "./run-folder.ts";
import { assertFormatHolds } from "./sinks/assert-format-holds.ts";
import { assertFree } from "./sinks/publish.ts";
import { openRasterSink } from "./sinks/raster.ts";
import { readPictureHeader } from "./sources/picture-header.ts";
import { openPool } from "./workers/pool.ts";

/** Who listens to a run, and who may stop it. */
export interface RunContext {
  readonly signal?: AbortSignal;
  /** Once, before the first tile. */
  readonly onStart?: (plan: RunPlan) => void;
  /** For each tile whose result is stored. */
  readonly onProgress?: (progress: Progress) => void;
  /** Something the user should know and the run survives, in one line. */
  readonly onNote?: (message: string) => void;
  /** Takes the place of the engine the options choose. */
  readonly openEngine?: OpenEngine;
}

/**
 * Deblurs the picture at `input` into a new file `output`: PNG, JPEG, WebP, AVIF or TIFF by its suffix.
 *
 *     await deblurFile("shaken.jpg", "sharp.png", { tile: 512 });
 *
 * Nothing is at `output` unless this resolves; with `force`, what was there stays until then.
 * @throws OptionError, OutputError, NoInputError, InputError, UnavailableError, WeightsError, IoError or
 *   TileError; the signal's reason once it is aborted
 */
export async function deblurFile(
  input: string,
  output: string,
  given: Partial<FileOptions> = {},
  context: RunContext = {},
): Promise<RunResult> {
  const options = completeOptions(given);
  const form = outputForm(output, options);
  await assertFree(output, options);
  // A glance, so that a wrong path is told before an engine is opened.
  const header = await readPictureHeader(input, options);
  assertFormatHolds({ ...header, ...form, bits: form.bits ?? header.bits });
  const opened = createOpened();
  try {
    return await run({ input, output, form, options, context }, opened);
  } finally {
    for (const problem of await opened.closeAll()) {
      context.onNote?.(`could not clean up: ${String(problem)}`);
    }
  }
}

interface Job {
  readonly input: string;
  readonly output: string;
  readonly form: OutputForm;
  readonly options: FileOptions;
  readonly context: RunContext;
}

/** Everything it opens is in `opened`, also where it throws. */
async function run(
  { input, output, form, options, context }: Job,
  opened: Opened,
): Promise<RunResult> {
  const {
    signal = new AbortController().signal,
    openEngine = chooseEngine,
    onNote = () => {},
  } = context;
  const { threads, tile, halo, inFlight, maxPixels, tolerant, stripMetadata, force } = options;

  signal.throwIfAborted();
  const { path: folder } = opened.add(await openRunFolder(output), (it) => it.remove());
  const { engine, preset } = await openEngine(options, onNote);
  opened.add(engine, (it) => it.dispose());
  signal.throwIfAborted();
  const pool = opened.add(openPool({ threads }), (it) => it.close());
  const { source, damage } = await openInput(input, { folder, maxPixels, tolerant, signal });
  opened.add(source, (it) => it.close());
  const { width, height, channels, metadata } = source;
  const { format, quality } = form;
  const picture = { width, height, channels, bits: form.bits ?? source.bits };
  const sink = opened.add(
    await openRasterSink(output, {
      ...picture,
      radiometry: plainRadiometry(channels, source.sampleType),
      format,
      quality,
      folder,
      metadata,
      force,
      pool,
      stripMetadata,
    }),
    (it) => it.close(),
  );

  const { feather, tiles } = planTiles({ width, height, tile, halo, alignment: engine.alignment });
  const plan = { tile, halo, inFlight, tiles };
  context.onStart?.({ input, output, ...picture, engine: engine.identity, preset, ...plan });
  if (damage !== undefined) onNote(damage);
  for (const note of [...source.notes, ...losses(output, source, { ...options, format })]) {
    onNote(note);
  }
  const copied: Rect[] = [];
  const tilesDone = deblurImage(source, sink, engine, {
    convert: pool.convert,
    tile,
    halo,
    feather,
    inFlight,
    timeout: options.tileTimeout,
    onTileError: options.onTileError,
    signal,
  });
  await lastValueFrom(
    tilesDone.pipe(
      tap((progress) => {
        if (progress.copied !== undefined) {
          copied.push(progress.tile.core);
          onNote(`left blurry: ${progress.copied.message}`);
        }
        context.onProgress?.(progress);
      }),
    ),
  );
  await sink.finish({ signal });
  return { output, width, height, tiles, copied };
}
