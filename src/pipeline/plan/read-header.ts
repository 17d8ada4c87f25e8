/** Reads an image's header and decides the form of its output. A wrong path fails before an engine opens. */
import { outputFormatFor, outputFormats } from "../../io/formats/image-formats.ts";
import { type OutputForm, outputForm } from "../../io/formats/output-form.ts";
import { assertFormatHolds } from "../../io/sinks/assert-format-holds.ts";
import { type InputHeader, readInputHeader } from "../../io/sources/open-input.ts";
import { assertFolder } from "../../io/system/run-folder.ts";
import type { FileOptions } from "../options/file-options.ts";
import type { ImageJob } from "./run-context.ts";

/** One image of a run whose header was read and checked. */
export interface HeadedJob extends ImageJob {
  readonly header: InputHeader;
  readonly form: OutputForm;
}

/**
 * Reads the header of a job's image.
 * @throws NoInputError, InputError; OptionError, OutputError if the output cannot be made
 */
export async function readHeader(job: ImageJob): Promise<HeadedJob> {
  const { input, output, options, context } = job;
  const header = await readInputHeader(input, { ...options, signal: context.signal });
  const form = job.form ?? outputForm(output, inFormatOf(header, options));
  const { photograph } = header;
  if (photograph) assertFormatHolds({ ...photograph, ...form, bits: form.bits ?? photograph.bits });
  await assertFolder(output);
  return { ...job, header, form };
}

/** Returns `options` for an output in the input's format, without those that this format lacks. */
function inFormatOf({ format: found }: InputHeader, options: FileOptions): FileOptions {
  if (options.format !== undefined) return options;
  const format = outputFormatFor(found);
  return {
    ...options,
    format,
    ...(outputFormats[format].quality === undefined && { quality: undefined }),
    ...(format !== "tiff" && { compression: undefined, cog: false }),
  };
}
