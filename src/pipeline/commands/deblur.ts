/** `deblur IN -o OUT`: the command without a name. */

import type { Readable } from "node:stream";
import { isDeblurError, OptionError } from "../../errors.ts";
import { checkTiles, type NameOf } from "../complete-options.ts";
import { deblurFile } from "../deblur-file.ts";
import { deblurFiles, type FilesOptions } from "../deblur-files.ts";
import { deblurImagePipe } from "../deblur-image-pipe.ts";
import { deblurSequence, isSequence } from "../deblur-sequence.ts";
import { deblurVideo } from "../deblur-video.ts";
import { describeError, exitCodeOf } from "../describe-error.ts";
import { areSeveral, isFolder } from "../find-pictures.ts";
import { choice, flagOf, toggle } from "../option-table.ts";
import { type FileOptions, fileOptionTable, formats } from "../options.ts";
import { PicturesFailedError } from "../pictures-failed.ts";
import type { FileFailure } from "../run-facts.ts";
import { checkSkipExisting, isMade } from "../skip-existing.ts";
import { assertPiped } from "../standard-input.ts";
import { kindOfFile, kindOfSuffix, peekKind } from "../video/video-kind.ts";
import { type VideoOptions, videoOptionTable } from "../video/video-options.ts";
import {
  type Call,
  type Command,
  type CommandContext,
  helpRow,
  jsonRow,
  outputRow,
} from "./command.ts";

interface DeblurFlags extends Omit<FilesOptions, "format">, VideoOptions {
  readonly format: FileOptions["format"] | "rawvideo" | "image2pipe";
  readonly output: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

/** --force stands beside its opposite. */
const { force, ...rows } = fileOptionTable;

export const deblurCommand: Command<DeblurFlags> = {
  name: undefined,
  operand: "picture",
  several: true,
  usage: "deblur IN -o OUT [options]",
  summary: "removes motion blur from pictures",
  about: `Removes motion blur from a picture of any size. IN is a PNG, JPEG, WebP, AVIF, TIFF, GIF or HEIF, or
the address of a GeoTIFF, or a video; the suffix of OUT (.png .jpg .jpeg .webp .avif .tif .tiff)
says what is written. OUT appears when it is complete, or not at all; metadata is kept. IN and OUT
may be -, for standard input and output. With several IN, or a folder, OUT is a folder: pictures
keep their names, formats and places in it, and one that fails is reported and the others are
finished.`,
  options: {
    output: outputRow("where the restored picture goes, or the folder", "OUT", { pipe: true }),
    force,
    skipExisting: {
      ...toggle(),
      common: true,
      help: "pass over what has its output already",
    },
    ...rows,
    format: {
      ...rows.format,
      ...choice([...formats, "rawvideo", "image2pipe"]),
      otherwise: "as OUT, else as IN",
      help: `${formats.join(", ")}, rawvideo, image2pipe`,
    },
    ...videoOptionTable,
    json: { ...jsonRow, help: "progress as JSON, one object a line" },
    quiet: { ...toggle("q"), common: true, help: "say nothing but errors" },
    help: helpRow,
    version: { ...toggle(), common: true, help: "the version" },
  },
  check(options, nameOf) {
    checkTiles(options, nameOf);
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
    const { operand, operands, options } = call;
    const { output, skipExisting } = options;
    if (operands.length === 1 && (await isSequence(operand))) return runSequence(call, context);
    if (await isIntoFolder(operands, output)) return runSeveral(call, context);
    if (skipExisting && (await isMade(output, options))) {
      return context.reporter.skipped({ input: operand, output, file: 1, files: 1 });
    }
    return runOne(call, context);
  },
};

/** True where the output is a folder, or must be one. */
async function isIntoFolder(operands: readonly string[], output: string): Promise<boolean> {
  if (operands.length === 1 && operands[0] === "-") return false;
  if (await areSeveral(operands)) return true;
  return output !== "-" && (output.endsWith("/") || (await isFolder(output)));
}

/** A video, where the input begins like one, is named like one, or is said to be one, or the output is named like one. */
async function runOne(call: Call<DeblurFlags>, context: CommandContext) {
  const { operand, options } = call;
  const videoWanted = options.format === undefined && kindOfSuffix(options.output) !== undefined;
  if (options.format === "image2pipe") return runImagePipe(call, context);
  if (options.format === "rawvideo") return runVideo(call, context);
  if (operand !== "-") {
    const isVideo = (await kindOfFile(operand)) !== undefined;
    return isVideo || videoWanted ? runVideo(call, context) : runPicture(call, context);
  }
  assertPiped(process.stdin);
  const { kind, stdin } = await peekKind(process.stdin, context.signal);
  const piped = { ...context, stdin };
  return kind === undefined && !videoWanted ? runPicture(call, piped) : runVideo(call, piped);
}

interface PipedContext extends CommandContext {
  readonly stdin?: Readable;
}

async function runVideo({ operand, options }: Call<DeblurFlags>, context: PipedContext) {
  const { output, skipExisting, json, quiet, help, version, format, ...rest } = options;
  const { reporter, ...piped } = context;
  const video = { ...rest, ...(isPictureFormat(format) && { format }) };
  const result = await deblurVideo(operand, output, video, {
    ...piped,
    onStart: reporter.video.start,
    onFrame: reporter.video.frame,
    onNote: reporter.note,
  });
  reporter.video.done(result);
}

/** @throws OptionError where only some of what says how raw video lies is said */
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

/** What a picture is asked for with. @throws OptionError where something is that only a video has */
function pictureOptions(options: DeblurFlags): {
  readonly output: string;
  readonly picture: FileOptions;
} {
  const { output, skipExisting, json, quiet, help, version, format, ...rest } = options;
  const { matrix, levels, size, pixFmt, rate, ...picture } = rest;
  if (matrix === undefined && levels === undefined && isPictureFormat(format)) {
    return { output, picture: { ...picture, format } };
  }
  const word = !isPictureFormat(format) ? "format" : matrix === undefined ? "levels" : "matrix";
  throw new OptionError(`Expected ${flagOf(word)} ${options[word]} only with one video as input`);
}

function isPictureFormat(format: DeblurFlags["format"]): format is FileOptions["format"] {
  return format !== "rawvideo" && format !== "image2pipe";
}

/** @throws OptionError where pictures in a row are to come from, or go to, anything but a pipe */
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

async function runImagePipe(call: Call<DeblurFlags>, context: CommandContext) {
  const { operand, options } = call;
  if (operand !== "-") {
    throw new OptionError(
      `Expected - as input with ${flagOf("format")} image2pipe but received ${JSON.stringify(operand)}`,
    );
  }
  const { picture } = pictureOptions({ ...options, format: undefined });
  const { reporter, ...rest } = context;
  const result = await deblurImagePipe(picture, {
    ...rest,
    onStart: reporter.video.start,
    onFrame: reporter.video.frame,
    onNote: reporter.note,
  });
  reporter.video.done(result);
}

async function runSequence({ operand, options }: Call<DeblurFlags>, context: CommandContext) {
  const { output, picture } = pictureOptions(options);
  const { reporter, ...rest } = context;
  const { pictures, finished } = await deblurSequence(operand, output, picture, {
    ...rest,
    onFound: (files) => reporter.found({ files, passedOver: [] }),
    onSkipped: reporter.skipped,
    onStart: reporter.start,
    onProgress: reporter.tile,
    onNote: reporter.note,
    onDone: reporter.done,
  });
  reporter.summary({ files: pictures, skipped: finished, failed: 0 });
}

async function runPicture({ operand, options }: Call<DeblurFlags>, context: PipedContext) {
  const { output, picture } = pictureOptions(options);
  const { reporter, ...rest } = context;
  const result = await deblurFile(operand, output, picture, {
    ...rest,
    onStart: reporter.start,
    onProgress: reporter.tile,
    onNote: reporter.note,
  });
  reporter.done(result);
}

async function runSeveral({ operands, options }: Call<DeblurFlags>, context: CommandContext) {
  const { output, picture } = pictureOptions(options);
  const pictures = { ...picture, skipExisting: options.skipExisting };
  const { reporter, ...rest } = context;
  let files = 0;
  const { skipped, failed } = await deblurFiles(operands, output, pictures, {
    ...rest,
    onFound({ pictures: { length }, passedOver }) {
      files = length;
      reporter.found({ files, passedOver });
    },
    onSkipped: reporter.skipped,
    onStart: reporter.start,
    onProgress: reporter.tile,
    onNote: reporter.note,
    onDone: reporter.done,
    onFailed: (failure) => {
      const { error, ...place } = failure;
      if (files > 1) reporter.failed(lineOf(failure), error, exitCodeOf(error), place);
    },
  });
  reporter.summary({ files, skipped: skipped.length, failed: failed.length });
  // The only one's failure is the run's.
  if (files === 1 && failed[0] !== undefined) throw failed[0].error;
  if (failed.length === 0) return;
  const errors = failed.map(({ error }) => error);
  const inTheWay = errors.every((error) => isDeblurError(error, "OutputError"));
  const hint =
    inTheWay && !options.skipExisting ? "; --skip-existing passes over outputs that exist" : "";
  throw new PicturesFailedError(`failed${hint}`, errors, files);
}

/** Names the picture, where the error does not. */
function lineOf({ input, output, error }: FileFailure): string {
  const line = describeError(error);
  const named = [input, output].some((path) => line.startsWith(`${path}: `));
  return named ? line : `${input}: ${line}`;
}
