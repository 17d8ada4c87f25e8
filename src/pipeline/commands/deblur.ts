/** `deblur IN -o OUT`: the command without a name. */
import { OptionError } from "../../errors.ts";
import { checkTiles } from "../complete-options.ts";
import { deblurFile } from "../deblur-file.ts";
import { toggle } from "../option-table.ts";
import { type FileOptions, fileOptionTable } from "../options.ts";
import { type Command, helpRow, jsonRow, outputRow } from "./command.ts";

interface DeblurFlags extends FileOptions {
  readonly output: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

export const deblurCommand: Command<DeblurFlags> = {
  name: undefined,
  operand: "picture",
  usage: "deblur IN -o OUT [options]",
  summary: "removes motion blur from a picture",
  about: `Removes motion blur from a picture of any size. IN is a PNG, JPEG, WebP, AVIF, TIFF or GIF; the
suffix of OUT (.png .jpg .jpeg .webp .avif .tif .tiff) says what is written. OUT appears when it is
complete, or not at all.`,
  options: {
    output: outputRow("where the restored picture goes"),
    ...fileOptionTable,
    json: { ...jsonRow, help: "progress as JSON, one object a line" },
    quiet: { ...toggle("q"), help: "say nothing but errors" },
    help: helpRow,
    version: { ...toggle(), help: "the version" },
  },
  check(options, nameOf) {
    checkTiles(options, nameOf);
    if (options.json && options.quiet) {
      throw new OptionError(
        `Expected one of ${nameOf("json")}, ${nameOf("quiet")} but received both`,
      );
    }
  },
  async run({ operand, options }, { reporter, signal, openEngine }) {
    const { output, json, quiet, help, version, ...picture } = options;
    const result = await deblurFile(operand, output, picture, {
      signal,
      onStart: reporter.start,
      onProgress: reporter.tile,
      onNote: reporter.note,
      ...(openEngine === undefined ? {} : { openEngine }),
    });
    reporter.done(result);
  },
};
