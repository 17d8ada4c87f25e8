/**
 * Restores many images into a folder, one after the other with one engine and one pool. A failed image is reported,
 * and the run continues with the others.
 */
import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeblurError, OptionError, OutputError } from "../../errors.ts";
import { formatOfName, type ImageFormat, outputFormatFor } from "../../io/formats/image-formats.ts";
import { formatOfSuffix, withSuffix } from "../../io/formats/output-form.ts";
import { kindOfSuffix } from "../../io/formats/video-suffixes.ts";
import { type FoundImages, findImages } from "../../io/sources/find-images.ts";
import { isFolder } from "../../io/system/paths.ts";
import { assertFree } from "../../io/system/publish.ts";
import { outputFolderError } from "../../io/system/run-folder.ts";
import { withScope } from "../../io/system/scope.ts";
import { openRuntime, type Runtime } from "../engines/runtime.ts";
import { completeOptions, type NameOf } from "../options/complete-options.ts";
import type { FileOptions } from "../options/file-options.ts";
import { checkMask } from "../plan/check-mask.ts";
import type { RunContext } from "../plan/run-context.ts";
import type { FileFailure, FilePlace, RunResult } from "../plan/run-facts.ts";
import { deblurJob } from "./deblur-file.ts";
import { checkSkipExisting, isMade } from "./skip-existing.ts";

/** The options of a run over many images. */
export interface FilesOptions extends FileOptions {
  /** Skip images whose output exists, instead of reporting them as failed. */
  readonly skipExisting: boolean;
}

/** The callbacks of a run over many images. */
export interface FilesContext extends RunContext {
  /** Called once, before the first image. */
  readonly onFound?: (found: FoundImages) => void;
  /** Called for each image that `skipExisting` skips, because its output exists. */
  readonly onSkipped?: (image: FilePlace) => void;
  /** Called for each finished image. */
  readonly onDone?: (result: RunResult) => void;
  /** Called for each failed image; the run continues. */
  readonly onFailed?: (failure: FileFailure) => void;
}

/** The result of a run over many images. */
export interface FilesResult {
  readonly done: readonly RunResult[];
  readonly skipped: readonly FilePlace[];
  readonly failed: readonly FileFailure[];
}

/**
 * Deblurs the images that `inputs` name, as files or as folders with all their subfolders, into `folder`. The folder is
 * created if it does not exist. Outputs keep their names and formats, or get the format and suffix of `options.format`.
 *
 *     const { failed } = await deblurFiles(["photos"], "sharp");
 *
 * A failed image does not end the run: `onFailed` receives it and the result lists it. Only an engine that is lost or
 * hangs ends the run. With `skipExisting`, the same call resumes an unfinished folder.
 * @throws OptionError if two images would become one file, or an output would replace an input; NoInputError if there
 *   are no images; OutputError if `folder` is not a folder; UnavailableError, WeightsError, StageTimeoutError; the
 *   signal's reason once it is aborted
 */
export async function deblurFiles(
  inputs: readonly string[],
  folder: string,
  given: Partial<FilesOptions> = {},
  context: FilesContext = {},
): Promise<FilesResult> {
  const { skipExisting = false, ...images } = given;
  const options = completeOptions(images);
  const sameName: NameOf = (key) => key;
  checkSkipExisting({ ...options, skipExisting }, sameName);
  assertNoFields(options);
  await assertFolder(folder);
  for (const input of inputs) await assertOther(input, folder);
  const found = await findImages(inputs, { except: folder });
  const pairs = pairUp(found, folder, options);
  for (const { input, output } of pairs) await assertOther(input, output);
  await checkMask(
    options.mask,
    pairs.map(({ output }) => output),
  );
  context.onFound?.(found);
  return withScope(context, (scope) =>
    run(pairs, {
      options: { ...options, skipExisting },
      openShared: () => openRuntime(options, context, scope),
      context,
    }),
  );
}

/** @throws OptionError if the options name a file of kernels or sigma, which belongs to one image */
function assertNoFields({ kernels, sigma }: FileOptions): void {
  const file = kernels ?? sigma;
  if (file === undefined) return;
  throw new OptionError(
    `Expected one picture for a file of kernels or sigma but received ${JSON.stringify(file)} with several`,
  );
}

/** An image and the path of its output. */
export interface JobPaths {
  readonly input: string;
  readonly output: string;
}

/** Restores the images one after the other. @throws the error that ends the run */
async function run(
  pairs: readonly JobPaths[],
  {
    options,
    openShared,
    context,
  }: {
    readonly options: FilesOptions;
    /** Called at most once, when the first image needs it. */
    readonly openShared: () => Promise<Runtime>;
    readonly context: FilesContext;
  },
): Promise<FilesResult> {
  const done: RunResult[] = [];
  const skipped: FilePlace[] = [];
  const failed: FileFailure[] = [];
  let runtime: Runtime | undefined;
  const common = {
    options,
    fieldFiles: [],
    resumable: true,
    context,
  };
  for (const [index, pair] of pairs.entries()) {
    context.signal?.throwIfAborted();
    const place = { ...pair, file: index + 1, files: pairs.length };
    // Checked right before the image, because another process may work on the same folder.
    if (options.skipExisting && (await isMade(pair.output, options))) {
      skipped.push(place);
      context.onSkipped?.(place);
      continue;
    }
    runtime ??= await openShared();
    const shared = runtime;
    try {
      await assertFree(pair.output, options);
      await makeFolder(pair.output);
      const result = await withScope(context, (scope) =>
        deblurJob({ ...common, ...place }, scope, async () => shared),
      );
      done.push(result);
      context.onDone?.(result);
    } catch (error) {
      context.signal?.throwIfAborted();
      if (isOfEngine(error)) throw error;
      const failure = { ...place, error };
      failed.push(failure);
      context.onFailed?.(failure);
    }
  }
  return { done, skipped, failed };
}

/** Returns true if the engine is lost or hangs, so that the next image would fail too. */
function isOfEngine(error: unknown): boolean {
  return isDeblurError(error) && (error.exitCode === 69 || error.exitCode === 75);
}

/** Pairs each image with its output. @throws OptionError if two images would become one file */
export function pairUp(
  { images }: FoundImages,
  folder: string,
  { format }: FileOptions,
): readonly JobPaths[] {
  const inputs = new Map<string, string>();
  for (const { input, place } of images) {
    const output = join(folder, namedFor(place, format));
    const other = inputs.get(output);
    if (other !== undefined) {
      throw new OptionError(
        `Expected one picture for each output but ${other} and ${input} would both become ${output}`,
      );
    }
    inputs.set(output, input);
  }
  return Array.from(inputs, ([output, input]) => ({ input, output }));
}

/** Returns the name of an image's output: its own, unless its suffix names a format that is not written. */
function namedFor(place: string, format: FileOptions["format"]): string {
  const found = formatOfName(place);
  if (format === undefined && found === undefined) return place;
  return withSuffix(place, format ?? outputFormatFor(found as ImageFormat));
}

/** @throws OptionError if `folder` is named like a file; OutputError if it is a file */
async function assertFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  if (await identity(folder)) throw new OutputError(folder, "is not a folder");
  const received = `Expected a folder for several pictures but received ${JSON.stringify(folder)}`;
  if (folder === "-") throw new OptionError(received);
  if (folder.endsWith("/")) return;
  if (formatOfSuffix(folder) !== undefined) throw new OptionError(received);
  if (kindOfSuffix(folder) !== undefined) {
    throw new OptionError(`${received}; numbered pictures become a video by FFmpeg`);
  }
}

/** Refuses an output that would replace its input. @throws OptionError */
async function assertOther(input: string, output: string): Promise<void> {
  if (input === "-") {
    throw new OptionError("Expected files or folders but received standard input among them");
  }
  const found = await identity(output);
  if (found === undefined || found !== (await identity(input))) return;
  throw new OptionError(`Expected another folder than that of the input ${input}`);
}

/** Returns the same text for all names of one file or folder; undefined: it does not exist. */
function identity(path: string): Promise<string | undefined> {
  return stat(path, { bigint: true }).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => undefined,
  );
}

async function makeFolder(output: string): Promise<void> {
  await mkdir(dirname(output), { recursive: true }).catch((cause: unknown) => {
    throw outputFolderError(output, cause);
  });
}
