/**
 * One picture, from file to file: opens both ends, lets the tiles flow between them, and closes everything in
 * every outcome. The output is complete or absent.
 */
import {
  type ImageFormat,
  outputFormatFor,
  outputFormats,
} from "../../io/formats/image-formats.ts";
import { outputForm } from "../../io/formats/output-form.ts";
import { assertFormatHolds } from "../../io/sinks/assert-format-holds.ts";
import { checkInput } from "../../io/sources/open-input.ts";
import { assertFolder } from "../../io/system/run-folder.ts";
import type { Runtime } from "../engines/runtime.ts";
import type { FileOptions } from "../options/file-options.ts";
import type { ImageJob } from "../plan/run-context.ts";
import type { RunResult } from "../plan/run-facts.ts";

/**
 * Deblurs one picture, from file to file, on a workbench that may serve others before and after it; it is
 * asked for when the picture's header is known to be good.
 * @throws as `deblurFile`
 */
export async function deblurImage(
  job: ImageJob,
  openRuntimeOf: () => Promise<Runtime>,
): Promise<RunResult> {
  const { input, output, options } = job;
  // A glance, so that a wrong path is told before an engine is opened.
  const header = await checkInput(input, options);
  const { format } = header;
  const form = outputForm(output, job.keepsFormat ? keeping(format, options) : options);
  const { photograph } = header;
  if (photograph) assertFormatHolds({ ...photograph, ...form, bits: form.bits ?? photograph.bits });
  await assertFolder(output);
  // The engine opens in a thread of its own; what tiles need in this one is loaded meanwhile.
  const [runtime, { runImage }] = await Promise.all([openRuntimeOf(), import("./run-image.ts")]);
  return runImage(job, { header, form, runtime });
}

/** `options` for an output of the input's format: what is for some formats only holds where it is of them. */
function keeping(found: ImageFormat, options: FileOptions): FileOptions {
  if (options.format !== undefined) return options;
  const format = outputFormatFor(found);
  return {
    ...options,
    format,
    ...(outputFormats[format].quality === undefined && { quality: undefined }),
    ...(format !== "tiff" && { compression: undefined, cog: false }),
  };
}
