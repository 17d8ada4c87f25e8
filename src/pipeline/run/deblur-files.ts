/**
 * Many pictures in, as many restored ones in a folder out: one after the other on one workbench. A picture
 * that fails is reported, and the others go on.
 */

import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeblurError, OptionError, OutputError } from "../../errors.ts";
import { formatOfName, type ImageFormat, outputFormatFor } from "../../io/formats/image-formats.ts";
import { formatOfSuffix, withSuffix } from "../../io/formats/output-form.ts";
import { type FoundImages, findImages } from "../../io/sources/find-images.ts";
import { isFolder } from "../../io/system/paths.ts";
import { assertFree } from "../../io/system/publish.ts";
import { outputFolderError } from "../../io/system/run-folder.ts";
import { withScope } from "../../io/system/scope.ts";
import { openRuntime, type Runtime } from "../engines/runtime.ts";
import { completeOptions, type NameOf } from "../options/complete-options.ts";
import type { FileOptions } from "../options/file-options.ts";
import type { RunContext } from "../plan/run-context.ts";
import type { FileFailure, FilePlace, RunResult } from "../plan/run-facts.ts";
import { deblurJob } from "./deblur-file.ts";
import { checkSkipExisting, isMade } from "./skip-existing.ts";

/** What a caller may choose about many pictures. */
export interface FilesOptions extends FileOptions {
  /** Pictures whose output exists are passed over, not failures. */
  readonly skipExisting: boolean;
}

/** Who listens to a run of many pictures. */
export interface FilesContext extends RunContext {
  /** Once, before the first picture. */
  readonly onFound?: (found: FoundImages) => void;
  /** A picture's output exists and it is passed over, as `skipExisting` asks. */
  readonly onSkipped?: (image: FilePlace) => void;
  /** A picture is finished. */
  readonly onDone?: (result: RunResult) => void;
  /** A picture failed; the run goes on. */
  readonly onFailed?: (failure: FileFailure) => void;
}

/** What came of many. */
export interface FilesResult {
  readonly done: readonly RunResult[];
  readonly skipped: readonly FilePlace[];
  readonly failed: readonly FileFailure[];
}

/**
 * Deblurs the pictures that `inputs` name, files or folders with all that is below them, into `folder`, made
 * if need be: under their names, in their formats, or under the suffix of `options.format`.
 *
 *     const { failed } = await deblurFiles(["photos"], "sharp");
 *
 * One picture's failure does not end the run: it is told to `onFailed` and listed. Only an engine that is
 * gone or hangs ends it. With `skipExisting` the same call goes on with a folder that was not finished.
 * @throws OptionError where two pictures would become one file, or one would replace an input; NoInputError
 *   where there are none; OutputError where `folder` is none; UnavailableError, WeightsError,
 *   StageTimeoutError; the signal's reason once it is aborted
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
  context.onFound?.(found);
  return withScope(context, (scope) =>
    run(pairs, {
      options: { ...options, skipExisting },
      openShared: () => openRuntime(options, context, scope),
      context,
    }),
  );
}

/** @throws OptionError where a file is asked for that one picture fills */
function assertNoFields({ kernels, sigma }: FileOptions): void {
  const file = kernels ?? sigma;
  if (file === undefined) return;
  throw new OptionError(
    `Expected one picture for a file of kernels or sigma but received ${JSON.stringify(file)} with several`,
  );
}

/** A picture, and the path it goes to. */
interface Pair {
  readonly input: string;
  readonly output: string;
}

/** One after the other. @throws what ends all of them */
async function run(
  pairs: readonly Pair[],
  {
    options,
    openShared,
    context,
  }: {
    readonly options: FilesOptions;
    /** Called once at most, when the first picture needs it. */
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
    // Looked at in its turn: another process may be at the same folder.
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

/** The engine is gone or hangs: the next picture would fare no better. */
function isOfEngine(error: unknown): boolean {
  return isDeblurError(error) && (error.exitCode === 69 || error.exitCode === 75);
}

/** @throws OptionError where two pictures would become one file */
function pairUp({ images }: FoundImages, folder: string, { format }: FileOptions): readonly Pair[] {
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

/** A picture's name for its output: its own, unless it says a format that will not be written. */
function namedFor(place: string, format: FileOptions["format"]): string {
  const found = formatOfName(place);
  if (format === undefined && found === undefined) return place;
  return withSuffix(place, format ?? outputFormatFor(found as ImageFormat));
}

/** @throws OptionError where `folder` looks like a file, OutputError where it is one */
async function assertFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  if (await identity(folder)) throw new OutputError(folder, "is not a folder");
  if (folder === "-" || (formatOfSuffix(folder) !== undefined && !folder.endsWith("/"))) {
    throw new OptionError(
      `Expected a folder for several pictures but received ${JSON.stringify(folder)}`,
    );
  }
}

/** Pictures come out beside their inputs, never in their place. @throws OptionError */
async function assertOther(input: string, output: string): Promise<void> {
  if (input === "-") {
    throw new OptionError("Expected files or folders but received standard input among them");
  }
  const found = await identity(output);
  if (found === undefined || found !== (await identity(input))) return;
  throw new OptionError(`Expected another folder than that of the input ${input}`);
}

/** The same for all names of one file or folder; none where there is nothing. */
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
