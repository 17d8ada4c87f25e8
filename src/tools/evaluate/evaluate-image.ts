/** Restores one subject as `deblur` does, into scratch files, and measures it there. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../errors.ts";
import type { ImageSource } from "../../image/raster.ts";
import { openScratchImage, type ScratchImage } from "../../io/sinks/scratch-image.ts";
import { openInput } from "../../io/sources/open-input.ts";
import type { OpenedSource } from "../../io/sources/opened-source.ts";
import { openScope, type Scope } from "../../io/system/scope.ts";
import type { Progress } from "../../operators/stages/tile.ts";
import { deblurImage } from "../../pipeline/deblur-image.ts";
import type { Samplings } from "../../pipeline/deblur-image-options.ts";
import type { Settled } from "../../pipeline/plan/plan-memory.ts";
import { restoringOf } from "../../pipeline/plan/restoring.ts";
import { drain } from "../../pipeline/run/drain.ts";
import { alignedImages } from "./align-images.ts";
import { baselineImage } from "./baseline-image.ts";
import {
  compareImages,
  fullRadiometry,
  type MeasuringOptions,
  sharpnessOf,
} from "./compare-images.ts";
import type { EvaluationRuntime } from "./evaluation-runtime.ts";
import { developBlockIn } from "./evaluation-tasks.ts";
import type { Subject } from "./find-subjects.ts";
import { reblurImage } from "./reblur-image.ts";
import type { BeforeAfter, Score } from "./score.ts";

export interface EvaluateImageOptions {
  readonly options: Settled;
  /** Also Richardson–Lucy with the mean kernel. */
  readonly baseline: boolean;
  /** Align images with the ground truth before they are compared. Default false. */
  readonly align?: boolean;
  readonly signal: AbortSignal;
  readonly observer?: EvaluationObserver;
}

/** Receives more of an image than its score. What it throws ends the evaluation of the image. */
interface EvaluationObserver {
  /** Before the first tile. Returns what to sample while tiles pass. */
  begin(blurry: OpenedSource): Samplings;
  /** For each tile whose result is stored. */
  tile(progress: Progress): void;
  /** After the last measurement, while the images can still be read. */
  measured(score: Score, images: MeasuredImages): Promise<void>;
}

export interface MeasuredImages {
  readonly blurry: OpenedSource;
  readonly sharp: OpenedSource | undefined;
  /** The colours alone, not rounded: 0..1 of the full range of the blurry image's type. */
  readonly restored: ImageSource;
  /** The same of the sharp image (without ground truth: the restored one) ⊗ the kernels; undefined: no kernels. */
  readonly reblurred: ImageSource | undefined;
}

/**
 * Restores and measures one image, and deletes its scratch files from the runtime's folder.
 * @throws NoInputError, InputError (also where the images of a pair differ in size), IoError, TileError; the signal's
 *   reason
 */
export async function evaluateImage(
  subject: Subject,
  runtime: EvaluationRuntime,
  options: EvaluateImageOptions,
): Promise<Score> {
  const scope = openScope();
  try {
    return await evaluate(await openJob(subject, runtime, options, scope));
  } finally {
    await scope.closeAll();
  }
}

interface Job {
  readonly subject: Subject;
  readonly runtime: EvaluationRuntime;
  readonly given: EvaluateImageOptions;
  readonly blurry: OpenedSource;
  readonly sharp: OpenedSource | undefined;
  readonly measuring: MeasuringOptions;
  /** Makes an image of the size and colours of the blurry one. */
  scratch(name: string, sampleType: "uint8" | "float32"): Promise<ScratchImage>;
}

async function openJob(
  subject: Subject,
  runtime: EvaluationRuntime,
  given: EvaluateImageOptions,
  scope: Scope,
): Promise<Job> {
  const { options, signal } = given;
  const { maxPixels, threads, tile, bands, range } = options;
  const open = async (side: "blurry" | "sharp", path: string): Promise<OpenedSource> => {
    const folder = join(runtime.folder, side);
    await mkdir(folder, { recursive: true });
    const reading = { folder, maxPixels, tile, bands, range, tolerant: false, signal };
    const { source } = await openInput(path, reading);
    return eightBits(scope.use(source, (it) => it.close()));
  };
  const blurry = await open("blurry", subject.blurry);
  const sharp = subject.sharp === undefined ? undefined : await open("sharp", subject.sharp);
  if (sharp !== undefined) assertAlike(blurry, sharp);
  const { width, height } = blurry;
  const channels = fullRadiometry(blurry).colours.length;
  return {
    subject,
    runtime,
    given,
    blurry,
    sharp,
    measuring: { pool: runtime.pool, threads, signal },
    async scratch(name, sampleType) {
      const path = join(runtime.folder, name);
      const size = { width, height, channels, sampleType };
      return scope.use(await openScratchImage(path, size), (it) => it.close());
    },
  };
}

/** @throws InputError where the samples have neither 8 nor 16 bits */
function eightBits(source: OpenedSource): OpenedSource {
  const { path, sampleType } = source;
  if (sampleType === "uint8" || sampleType === "uint16") return source;
  throw new InputError(path, `Expected 8 or 16 bits a sample but found ${sampleType}`);
}

/** @throws InputError naming both files: either may be the wrong one */
function assertAlike(blurry: OpenedSource, sharp: OpenedSource): void {
  const sizeOf = (it: OpenedSource) =>
    `${it.width}×${it.height} ${fullRadiometry(it).colours.length === 1 ? "grey" : "RGB"}`;
  const [one, other] = [sizeOf(blurry), sizeOf(sharp)];
  if (one === other) return;
  throw new InputError(
    blurry.path,
    `Expected a pair of one size but found ${one}, and ${sharp.path} of ${other}`,
  );
}

async function evaluate(job: Job): Promise<Score> {
  const { subject, blurry, sharp, measuring, given } = job;
  const { levels, exact, seconds } = await restore(job);
  const { reblur, meanKernel, reblurred } = await reblurredOf(job, sharp ?? exact);
  const plain = meanKernel && (await baselineOf(job, meanKernel));
  const ofAll = async <T>(measure: (it: ImageSource) => Promise<T>): Promise<BeforeAfter<T>> => ({
    before: await measure(blurry),
    after: await measure(levels),
    baseline: plain && (await measure(plain)),
  });
  const score: Score = {
    name: subject.name,
    width: blurry.width,
    height: blurry.height,
    seconds,
    likeness:
      sharp &&
      (await ofAll((it) =>
        given.align
          ? alignedImages(it, sharp, blurry.path, measuring)
          : compareImages(it, sharp, "levels", measuring),
      )),
    reblur,
    sharpness: sharp ? undefined : await ofAll((it) => sharpnessOf(it, measuring)),
  };
  await given.observer?.measured(score, { blurry, sharp, restored: exact, reblurred });
  return score;
}

/** Restores the image, in levels of 8 bits and before rounding. */
async function restore({ runtime, given, blurry, scratch, measuring }: Job) {
  const { engine, pool } = runtime;
  const { tile, halo, scale } = given.options;
  const { signal } = measuring;
  const levels = await scratch("levels", "uint8");
  const exact = await scratch("exact", "float32");
  const [shown, radiometry] = [blurry.radiometry, fullRadiometry(blurry)];
  const developBlock = developBlockIn(pool);
  const sink = {
    async write({ rect, source: raster, residual }) {
      const developed = await developBlock({ raster, radiometry, shown, residual });
      await levels.put(rect, developed.levels);
      await exact.put(rect, developed.exact);
    },
  } satisfies Parameters<typeof deblurImage>[1];
  const sample = given.observer?.begin(blurry);
  const began = performance.now();
  const tiles = deblurImage(blurry, sink, engine, {
    ...restoringOf(given.options, runtime),
    ...{ tile, halo, scale, skipSharp: false, signal, ...(sample && { sample }) },
  });
  await drain(tiles, (progress) => given.observer?.tile(progress));
  return { levels, exact, seconds: (performance.now() - began) / 1000 };
}

/** How close the blurry image is to `sharp` ⊗ its kernels, and the mean kernel; empty: the net has no kernels. */
async function reblurredOf(
  { runtime, given, blurry, scratch, measuring }: Job,
  sharp: ImageSource,
) {
  const { engine, pool } = runtime;
  const field = engine.kernelField;
  if (field === undefined) return {};
  const { tile, halo, inFlight, timeout } = given.options;
  const into = await scratch("reblurred", "float32");
  const { signal } = measuring;
  const tiling = { tile, halo, inFlight, timeout };
  const meanKernel = await reblurImage(
    { blurry, sharp, into },
    { engine, field, pool, ...tiling, signal },
  );
  const reblur = await compareImages(blurry, into, "exact", measuring);
  return { reblur, meanKernel, reblurred: into };
}

async function baselineOf({ given, blurry, scratch, measuring }: Job, meanKernel: Float64Array) {
  if (!given.baseline) return undefined;
  const into = await scratch("baseline", "uint8");
  await baselineImage({ blurry, into, meanKernel }, measuring);
  return into;
}
