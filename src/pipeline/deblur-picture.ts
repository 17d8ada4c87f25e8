/**
 * One picture, from file to file: opens both ends, lets the tiles flow between them, and closes everything in
 * every outcome. The output is complete or absent.
 */
import { lastValueFrom, tap } from "rxjs";
import type { Progress } from "../operators/tile.ts";
import type { Rect } from "../operators/tiling/rect.ts";
import { planBudget } from "./budget/plan-budget.ts";
import { deblurImage } from "./deblur-image.ts";
import { checkInput } from "./open-input.ts";
import { type OpenPicture, openPicture } from "./open-picture.ts";
import type { Workbench } from "./open-workbench.ts";
import { closingAll } from "./opened.ts";
import type { FileOptions } from "./options.ts";
import { outputForm } from "./output-form.ts";
import { outputFormatFor, outputFormats } from "./picture-formats.ts";
import type { PictureJob } from "./run-context.ts";
import type { RunResult } from "./run-facts.ts";
import { assertFolder } from "./run-folder.ts";
import { assertFormatHolds } from "./sinks/assert-format-holds.ts";
import type { PictureFormat } from "./sources/picture-header.ts";
import { storeImage } from "./store-image.ts";

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
    picture.longRun?.finishing();
    await picture.sink.finish(picture);
    for (const line of await picture.fields.publish(options)) context.onNote?.(line);
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

/** Lets the tiles flow from one end to the other; gives back how many were flat or sharp, and where they stayed as they were. */
async function runTiles(
  { context }: PictureJob,
  { source, sink, tiles, fields, bench, options, feather, signal }: OpenPicture,
): Promise<Pick<RunResult, "copied" | "flat" | "sharp">> {
  const { tile, halo, inFlight, tileTimeout: timeout, onTileError, skipSharp } = options;
  const deblurOptions = {
    convert: bench.pool.convert,
    tile,
    halo,
    feather,
    inFlight,
    timeout,
    onTileError,
    skipSharp,
    sample: fields.sample,
    signal,
  };
  const tilesDone = tiles
    ? storeImage(source, tiles, bench.engine, deblurOptions)
    : deblurImage(source, sink, bench.engine, deblurOptions);
  const copied: Rect[] = [...(tiles?.copied ?? [])];
  let flat = tiles?.flat ?? 0;
  let sharp = tiles?.sharp ?? 0;
  await lastValueFrom(
    tilesDone.pipe(
      tap((progress: Progress) => {
        if (progress.copied !== undefined) {
          copied.push(progress.tile.core);
          context.onNote?.(`left blurry: ${progress.copied.message}`);
        }
        if (progress.flat) flat++;
        if (progress.sharp) sharp++;
        context.onProgress?.(progress);
      }),
    ),
    { defaultValue: undefined },
  );
  return { copied, flat, sharp };
}
