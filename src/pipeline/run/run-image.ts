/**
 * One picture on an engine that is open: opens both ends, lets the tiles flow between them, and closes everything in
 * every outcome. The output is complete or absent.
 */
import { lastValueFrom, tap } from "rxjs";
import type { OutputForm } from "../../io/formats/output-form.ts";
import type { InputHeader } from "../../io/sources/open-input.ts";
import { withScope } from "../../io/system/scope.ts";
import type { Progress } from "../../operators/stages/tile.ts";
import type { Rect } from "../../rect.ts";
import { deblurImage } from "../deblur-image.ts";
import type { Runtime } from "../engines/runtime.ts";
import { planBudget } from "../plan/plan-budget.ts";
import type { ImageJob } from "../plan/run-context.ts";
import type { RunResult } from "../plan/run-facts.ts";
import { storeImage } from "../store-image.ts";
import { type OpenImage, openImage } from "./open-image.ts";

/** What is known of a picture before its run: its header, the form of its output, and what serves it. */
export interface KnownImage {
  readonly header: InputHeader;
  readonly form: OutputForm;
  readonly runtime: Runtime;
}

/** @throws as `deblurFile` */
export async function runImage(job: ImageJob, known: KnownImage): Promise<RunResult> {
  const { input, output, options, context } = job;
  const { form, runtime } = known;
  const budget = await planBudget(job, known);
  return withScope(context, async (scope) => {
    const image = await openImage(job, { form, budget, runtime }, scope);
    await runtime.ready;
    image.signal.throwIfAborted();
    const passed = await runTiles(job, image);
    for (const lack of await image.fields.make()) context.onNote?.(lack);
    image.longRun?.finishing();
    await image.sink.finish(image);
    for (const line of await image.fields.publish(options)) context.onNote?.(line);
    image.longRun?.finished();
    const { width, height, tiles } = image.plan;
    return { input, output, width, height, tiles, ...passed };
  });
}

/** Lets the tiles flow from one end to the other; gives back how many were flat or sharp, and where they stayed as they were. */
async function runTiles(
  { context }: ImageJob,
  { source, sink, tiles, fields, runtime, options, feather, signal }: OpenImage,
): Promise<Pick<RunResult, "copied" | "flat" | "sharp">> {
  const { tile, halo, inFlight, tileTimeout: timeout, onTileError, skipSharp } = options;
  const deblurOptions = {
    convert: runtime.pool.convert,
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
    ? storeImage(source, tiles, runtime.engine, deblurOptions)
    : deblurImage(source, sink, runtime.engine, deblurOptions);
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
