/**
 * Restores numbered images in order, with one engine and one pool. Outputs of an earlier run are kept: an output that
 * exists is complete.
 */
import { mkdir, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { NoInputError, OptionError } from "../../errors.ts";
import { outputForm } from "../../io/formats/output-form.ts";
import { isFolder, isThere } from "../../io/system/paths.ts";
import { assertFree } from "../../io/system/publish.ts";
import { outputFolderError } from "../../io/system/run-folder.ts";
import { withScope } from "../../io/system/scope.ts";
import { systemMessage } from "../../io/system/system-error.ts";
import { openRuntime } from "../engines/runtime.ts";
import { completeOptions } from "../options/complete-options.ts";
import type { FileOptions } from "../options/file-options.ts";
import type { RunContext } from "../plan/run-context.ts";
import type { FilePlace, RunResult } from "../plan/run-facts.ts";
import { deblurJob } from "./deblur-file.ts";
import { numberPattern } from "./number-pattern.ts";

/** The callbacks of a sequence's run and the signal that stops it. */
export interface SequenceContext extends RunContext {
  /** Called once, before the first image, with the number of images. */
  readonly onFound?: (images: number) => void;
  /** Called for each image that an earlier run has finished. */
  readonly onSkipped?: (image: FilePlace) => void;
  /** Called for each finished image. */
  readonly onDone?: (result: RunResult) => void;
}

/** The result of a sequence's run. */
export interface SequenceResult {
  readonly images: number;
  /** Of these, the number that an earlier run had finished. */
  readonly finished: number;
}

/**
 * Deblurs the images that the pattern `input` stands for, from the lowest number on. The outputs get the same numbers
 * in the pattern `output`, or the same names in the folder `output`.
 *
 *     await deblurSequence("frames/%04d.png", "sharp/%04d.png");
 *
 * Outputs that exist are kept; `force` replaces them, and `noResume` refuses them. The first failed image ends the run;
 * the same call resumes there.
 * @throws OptionError if `input` is no pattern, or `output` is neither pattern nor folder; NoInputError if there is no
 *   such image, or a number is missing; the errors of `deblurFile`; the signal's reason once it is aborted
 */
export async function deblurSequence(
  input: string,
  output: string,
  given: Partial<FileOptions> = {},
  context: SequenceContext = {},
): Promise<SequenceResult> {
  const options = completeOptions(given);
  const pairs = await pairUp(input, output);
  const keeps = !options.force && !options.noResume;
  const there = keeps ? await Promise.all(pairs.map(({ output }) => isThere(output))) : [];
  const missing = pairs.filter((_, i) => !there[i]);
  const result = { images: pairs.length, finished: pairs.length - missing.length };
  context.onFound?.(pairs.length);
  for (const [i, pair] of pairs.entries()) {
    if (there[i]) context.onSkipped?.({ ...pair, files: pairs.length });
  }
  if (missing.length === 0) return result;
  await mkdir(dirname(missing[0]?.output as string), { recursive: true }).catch((cause) => {
    throw outputFolderError(output, cause);
  });
  return withScope(context, async (scope) => {
    const runtime = await openRuntime(options, context, scope);
    for (const pair of missing) {
      context.signal?.throwIfAborted();
      await assertFree(pair.output, options);
      const form = outputForm(pair.output, options);
      const known = { options, form, fieldFiles: [], resumable: true, context };
      const job = { ...pair, ...known, files: pairs.length };
      const result = await withScope(context, (own) => deblurJob(job, own, async () => runtime));
      context.onDone?.(result);
    }
    return result;
  });
}

/** Returns true if `path` is a pattern for numbered images, and no file has that name. */
export async function isSequence(path: string): Promise<boolean> {
  if (numberPattern(path) === undefined) return false;
  return !(await isThere(path));
}

interface Pair {
  readonly input: string;
  readonly output: string;
  /** From 1. */
  readonly file: number;
}

/** Pairs each image with its output, in order of their numbers. */
async function pairUp(input: string, output: string): Promise<readonly Pair[]> {
  const from = numberPattern(input);
  if (from === undefined) {
    throw new OptionError(
      `Expected a path with a number's place such as %04d but received ${JSON.stringify(input)}`,
    );
  }
  const into = output.endsWith("/") || (await isFolder(output));
  const to = into ? undefined : numberPattern(output);
  if (!into && to === undefined) {
    throw new OptionError(
      `Expected an output with a number's place such as %04d, or a folder, but received ${JSON.stringify(output)}`,
    );
  }
  const names = await readdir(from.folder).catch((cause: unknown) => {
    throw new NoInputError(from.folder, systemMessage(cause), { cause });
  });
  const numbers = names
    .map((name) => from.numberOf(name))
    .filter((n) => n !== undefined)
    .sort((a, b) => a - b);
  const [first] = numbers;
  if (first === undefined) throw new NoInputError(input, "no file matches the pattern");
  const gap = numbers.findIndex((n, i) => n !== first + i);
  if (gap > 0) {
    const lost = from.path(first + gap);
    throw new NoInputError(lost, `is missing, but ${from.path(numbers[gap] as number)} exists`);
  }
  const pairs = numbers.map((n, i) => {
    const path = from.path(n);
    return { input: path, output: to?.path(n) ?? join(output, basename(path)), file: i + 1 };
  });
  const same = pairs.find((pair) => pair.input === join(pair.output));
  if (same === undefined) return pairs;
  throw new OptionError(`Expected another output than the input but received ${same.input}`);
}
