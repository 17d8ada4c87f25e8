/** Restores one image from a file or a pipe into another: reads the header, plans, opens the ends, publishes. */
import { outputForm } from "../../io/formats/output-form.ts";
import { removeFinished } from "../../io/store/run-state.ts";
import { systemDisk } from "../../io/system/disk.ts";
import { assertFree } from "../../io/system/publish.ts";
import { type Scope, withScope } from "../../io/system/scope.ts";
import { assertPublishable } from "../../io/system/unpublished-file.ts";
import { beginRuntime, type Runtime } from "../engines/runtime.ts";
import { fieldFilesOf } from "../kernel-files/field-form.ts";
import { completeOptions } from "../options/complete-options.ts";
import type { FileOptions } from "../options/file-options.ts";
import { checkMask } from "../plan/check-mask.ts";
import { planImage } from "../plan/plan-image.ts";
import { readHeader } from "../plan/read-header.ts";
import type { ImageJob, RunContext } from "../plan/run-context.ts";
import type { RunResult } from "../plan/run-facts.ts";
import { withPipes } from "./with-pipes.ts";

/**
 * Deblurs the image at `input` into a new file `output`: PNG, JPEG, WebP, AVIF or TIFF by its suffix.
 *
 *     await deblurFile("shaken.jpg", "sharp.png", { tile: 512 });
 *
 * The output appears only when it is complete; with `force`, it replaces the existing file at that moment. An input "-"
 * is standard input. An output "-" is standard output, in the input's format unless `format` chooses another. Files of
 * kernels and σ follow the output: the output is published even if one of them cannot be.
 * @throws OptionError, OutputError, NoInputError, InputError, UnavailableError, WeightsError, IoError,
 *   TileError; ReaderGoneError of a pipe; the signal's reason once it is aborted
 */
export async function deblurFile(
  input: string,
  output: string,
  given: Partial<FileOptions> = {},
  context: RunContext = {},
): Promise<RunResult> {
  const job = await acceptJob(input, output, completeOptions(given), context);
  return withScope(context, (scope) =>
    withPipes(job, scope, (files) =>
      deblurJob(files, scope, () => beginRuntime(job.options, context, scope)),
    ),
  );
}

/**
 * Deblurs one image between files; `scope` closes all that it opens. Runs of several images share a runtime, which
 * opens after the first header was checked.
 * @throws as `deblurFile`
 */
export async function deblurJob(
  job: ImageJob,
  scope: Scope,
  openRuntime: () => Promise<Runtime>,
): Promise<RunResult> {
  const { input, output, context } = job;
  const headed = await readHeader(job);
  // The engine opens in its own thread; meanwhile this thread loads the modules that tiles need.
  const [runtime, { openEnds, publishEnds, tilesOf }, { drain, openTileReport }] =
    await Promise.all([openRuntime(), import("./image-ends.ts"), import("./drain.ts")]);
  const plan = await planImage(headed, runtime);
  const ends = await openEnds(plan, scope);
  await runtime.ready;
  context.signal?.throwIfAborted();

  const report = openTileReport(context, ends.kept?.tiles);
  await drain(tilesOf(plan, ends), report.add);
  await publishEnds(plan, ends);
  const { width, height } = plan.grid.plan;
  return { input, output, width, height, tiles: plan.grid.count, ...report.left };
}

/** Checks that every output is free. @throws OptionError; OutputError if an output cannot be made */
async function acceptJob(
  input: string,
  output: string,
  options: FileOptions,
  context: RunContext,
): Promise<ImageJob> {
  const fieldFiles = fieldFilesOf(options, [input, output]);
  const form = output === "-" ? undefined : outputForm(output, options);
  if (form !== undefined) {
    removeFinished(output, systemDisk);
    await assertFree(output, options);
  }
  for (const { path } of fieldFiles) await assertPublishable(path, options);
  await checkMask(options.mask, [output, ...fieldFiles.map(({ path }) => path)]);
  return {
    ...{ input, output, options, fieldFiles, context, file: 1, files: 1 },
    ...(form && { form }),
    // Files of kernels need every tile in one run.
    resumable: fieldFiles.length === 0,
  };
}
