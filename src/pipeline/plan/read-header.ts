/** Reads the header of an image and decides the form of its output, so that a wrong path fails before an engine opens. */
import { outputFormatFor, outputFormats } from "../../io/formats/image-formats.ts";
import { type OutputForm, outputForm } from "../../io/formats/output-form.ts";
import { assertFormatHolds } from "../../io/sinks/assert-format-holds.ts";
import { type InputHeader, readInputHeader } from "../../io/sources/open-input.ts";
import { assertFolder } from "../../io/system/run-folder.ts";
import type { FileOptions } from "../options/file-options.ts";
import type { ImageJob } from "./run-context.ts";

/** One image of a run whose header is known to be good. */
export interface HeadedJob extends ImageJob {
  readonly header: InputHeader;
  readonly form: OutputForm;
}

/** @throws NoInputError, InputError of the input; OptionError, OutputError where the output cannot be made */
export async function readHeader(job: ImageJob): Promise<HeadedJob> {
  const { input, output, options } = job;
  const header = await readInputHeader(input, options);
  const form = job.form ?? outputForm(output, inFormatOf(header, options));
  const { photograph } = header;
  if (photograph) assertFormatHolds({ ...photograph, ...form, bits: form.bits ?? photograph.bits });
  await assertFolder(output);
  return { ...job, header, form };
}

/** `options` for an output in the input's format, without those that this format does not have. */
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
