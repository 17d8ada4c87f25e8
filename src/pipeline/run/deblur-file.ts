/** A picture's path in, or a pipe, the restored picture at another path or a pipe out. */

import { outputForm } from "../../io/formats/output-form.ts";
import { removeFinished } from "../../io/store/run-state.ts";
import { systemDisk } from "../../io/system/disk.ts";
import { assertFree } from "../../io/system/publish.ts";
import { withScope } from "../../io/system/scope.ts";
import { beginRuntime } from "../engines/runtime.ts";
import { fieldFilesOf } from "../kernel-files/field-form.ts";
import { assertStageable } from "../kernel-files/stage-file.ts";
import { completeOptions } from "../options/complete-options.ts";
import type { FileOptions } from "../options/file-options.ts";
import type { RunContext } from "../plan/run-context.ts";
import type { RunResult } from "../plan/run-facts.ts";
import { deblurImage } from "./deblur-image.ts";
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
    removeFinished(output, systemDisk);
    await assertFree(output, options);
  }
  for (const { path } of fieldFiles) await assertStageable(path, options);
  // Files of kernels need every tile to pass.
  const resumable = fieldFiles.length === 0;
  const form = { options, keepsFormat, resumable };
  const job = { input, output, fieldFiles, ...form, file: 1, files: 1, context };
  return withScope(context, (scope) =>
    throughPipes(job, scope, (files) =>
      deblurImage(files, () => beginRuntime(options, context, scope)),
    ),
  );
}
