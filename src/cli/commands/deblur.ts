/** Defines `deblur IN -o OUT`, the command without a name. */

import { OptionError } from "../../errors.ts";
import { outputSuffixes, writtenFormats } from "../../io/formats/image-formats.ts";
import { checkTogether, type NameOf } from "../../pipeline/options/complete-options.ts";
import { fileOptionTable } from "../../pipeline/options/file-options.ts";
import { choice, toggle } from "../../pipeline/options/option-table.ts";
import { checkSkipExisting } from "../../pipeline/run/skip-existing.ts";
import { videoOptionTable } from "../../pipeline/video/video-options.ts";
import { type Command, helpRow, jsonRow, outputRow } from "../command.ts";
import type { DeblurFlags } from "./deblur-flags.ts";

/** --force is listed before --skip-existing, its opposite. */
const { force, ...rows } = fileOptionTable;

export const deblurCommand: Command<DeblurFlags> = {
  name: undefined,
  operand: "picture",
  several: true,
  usage: "deblur IN -o OUT [options]",
  summary: "removes motion blur from pictures",
  about: `Removes motion blur from a picture of any size. IN is a PNG, JPEG, WebP, AVIF, TIFF, GIF or HEIF,
the address of a GeoTIFF, or a video. The suffix of OUT (${outputSuffixes.join(" ")})
chooses its format. OUT appears when it is complete, or not at all; metadata is kept. - stands for
standard input or output. With several IN, or a folder, OUT is a folder: pictures keep their names,
formats and places in it. A picture that fails is reported, and the others are finished.`,
  options: {
    output: outputRow("the restored picture, or the folder", "OUT", { pipe: true }),
    force,
    skipExisting: {
      ...toggle(),
      common: true,
      help: "skip pictures whose output exists",
    },
    ...rows,
    format: {
      ...rows.format,
      ...choice([...writtenFormats, "y4m", "rawvideo", "image2pipe"]),
      otherwise: "as OUT, or IN",
      help: `${writtenFormats.join(", ")}, y4m, rawvideo, image2pipe`,
    },
    ...videoOptionTable,
    json: { ...jsonRow, help: "report progress as JSON, one object a line" },
    quiet: { ...toggle("q"), common: true, help: "print errors only" },
    help: helpRow,
    version: { ...toggle(), common: true, help: "print the version" },
  },
  check(options, nameOf) {
    checkTogether(options, nameOf);
    checkRaw(options, nameOf);
    checkImagePipe(options, nameOf);
    checkSkipExisting(options, nameOf);
    if (options.json && options.quiet) {
      throw new OptionError(
        `Expected one of ${nameOf("json")}, ${nameOf("quiet")} but received both`,
      );
    }
  },
  async run(call, context) {
    // Help and other commands need not wait for the modules of a run.
    const { wayOf } = await import("./deblur-ways.ts");
    const way = await wayOf(call, context);
    return way(call, context);
  },
};

/** @throws OptionError where options of raw video are missing, or given without it */
function checkRaw({ format, size, pixFmt, rate }: DeblurFlags, nameOf: NameOf): void {
  const raw = nameOf("format");
  for (const [key, value] of Object.entries({ size, pixFmt })) {
    if (format === "rawvideo" && value === undefined) {
      throw new OptionError(`Expected ${nameOf(key)} with ${raw} rawvideo but received none`);
    }
  }
  for (const [key, value] of Object.entries({ size, pixFmt, rate })) {
    if (format !== "rawvideo" && value !== undefined) {
      throw new OptionError(`Expected ${nameOf(key)} only with ${raw} rawvideo`);
    }
  }
}

/** @throws OptionError where image2pipe has an output other than standard output, or files of kernels */
function checkImagePipe({ format, output, kernels, sigma }: DeblurFlags, nameOf: NameOf): void {
  if (format !== "image2pipe") return;
  const name = `${nameOf("format")} image2pipe`;
  if (output !== "-") {
    throw new OptionError(
      `Expected ${nameOf("output")} - with ${name} but received ${JSON.stringify(output)}`,
    );
  }
  if (kernels === undefined && sigma === undefined) return;
  throw new OptionError(`Expected one picture for a file of kernels or sigma but received ${name}`);
}
