/** Runs `deblur IN -o OUT`: on an image, several images, a video or a sequence, depending on IN and OUT. */

import type { Readable } from "node:stream";
import { OptionError } from "../../errors.ts";
import { areSeveral } from "../../io/sources/find-images.ts";
import { isFolder } from "../../io/system/paths.ts";
import { assertPiped } from "../../io/system/standard-input.ts";
import type { FileOptions } from "../../pipeline/options/file-options.ts";
import { flagOf } from "../../pipeline/options/option-table.ts";
import type { FileFailure } from "../../pipeline/plan/run-facts.ts";
import { deblurFile } from "../../pipeline/run/deblur-file.ts";
import { deblurFiles } from "../../pipeline/run/deblur-files.ts";
import { deblurSequence, isSequence } from "../../pipeline/run/deblur-sequence.ts";
import { isMade } from "../../pipeline/run/skip-existing.ts";
import { kindOfFile, kindOfSuffix, peekKind } from "../../pipeline/video/video-kind.ts";
import { describeError, exitCodeOf, ImagesFailedError } from "../../text/describe-error.ts";
import type { Call, CommandContext } from "../command.ts";
import type { DeblurFlags } from "./deblur-flags.ts";

/** @throws as `deblurFile`, `deblurFiles`, `deblurVideo`, `deblurSequence` and `deblurImagePipe` */
export async function runDeblur(call: Call<DeblurFlags>, context: CommandContext): Promise<void> {
  const { operand, operands, options } = call;
  const { output, skipExisting } = options;
  if (operands.length === 1 && (await isSequence(operand))) return runSequence(call, context);
  if (await isIntoFolder(operands, output)) return runSeveral(call, context);
  if (skipExisting && (await isMade(output, options))) {
    return context.reporter.skipped({ input: operand, output, file: 1, files: 1 });
  }
  return runOne(call, context);
}

/** True where the output is a folder or must be one. */
async function isIntoFolder(operands: readonly string[], output: string): Promise<boolean> {
  if (operands.length === 1 && operands[0] === "-") return false;
  if (await areSeveral(operands)) return true;
  return output !== "-" && (output.endsWith("/") || (await isFolder(output)));
}

/** Runs one input: as a video where its first bytes, its name, its format or the output's name are those of one. */
async function runOne(call: Call<DeblurFlags>, context: CommandContext) {
  const { operand, options } = call;
  const videoWanted = options.format === undefined && kindOfSuffix(options.output) !== undefined;
  if (options.format === "image2pipe") return runImagePipe(call, context);
  if (options.format === "rawvideo") return runVideo(call, context);
  if (operand !== "-") {
    const isVideo = (await kindOfFile(operand)) !== undefined;
    return isVideo || videoWanted ? runVideo(call, context) : deblurOne(call, context);
  }
  assertPiped(process.stdin);
  const { kind, stdin } = await peekKind(process.stdin, context.signal);
  const piped = { ...context, stdin };
  return kind === undefined && !videoWanted ? deblurOne(call, piped) : runVideo(call, piped);
}

interface PipedContext extends CommandContext {
  readonly stdin?: Readable;
}

async function runVideo({ operand, options }: Call<DeblurFlags>, context: PipedContext) {
  const { output, skipExisting, json, quiet, help, version, format, ...rest } = options;
  const { reporter, ...piped } = context;
  const video = { ...rest, ...(isImageFormat(format) && { format }) };
  const { deblurVideo } = await import("../../pipeline/video/deblur-video.ts");
  const result = await deblurVideo(operand, output, video, {
    ...piped,
    onStart: reporter.video.start,
    onFrame: reporter.video.frame,
    onNote: reporter.note,
  });
  reporter.video.done(result);
}

/** The options of an image. @throws OptionError where an option of videos is given */
function imageOptions(options: DeblurFlags): {
  readonly output: string;
  readonly image: FileOptions;
} {
  const { output, skipExisting, json, quiet, help, version, format, ...rest } = options;
  const { matrix, levels, size, pixFmt, rate, ...image } = rest;
  if (matrix === undefined && levels === undefined && isImageFormat(format)) {
    return { output, image: { ...image, format } };
  }
  const word = !isImageFormat(format) ? "format" : matrix === undefined ? "levels" : "matrix";
  throw new OptionError(`Expected ${flagOf(word)} ${options[word]} only with one video as input`);
}

function isImageFormat(format: DeblurFlags["format"]): format is FileOptions["format"] {
  return format !== "rawvideo" && format !== "image2pipe";
}

async function runImagePipe(call: Call<DeblurFlags>, context: CommandContext) {
  const { operand, options } = call;
  if (operand !== "-") {
    throw new OptionError(
      `Expected - as input with ${flagOf("format")} image2pipe but received ${JSON.stringify(operand)}`,
    );
  }
  const { image } = imageOptions({ ...options, format: undefined });
  const { reporter, ...rest } = context;
  const { deblurImagePipe } = await import("../../pipeline/video/deblur-image-pipe.ts");
  const result = await deblurImagePipe(image, {
    ...rest,
    onStart: reporter.video.start,
    onFrame: reporter.video.frame,
    onNote: reporter.note,
  });
  reporter.video.done(result);
}

async function runSequence({ operand, options }: Call<DeblurFlags>, context: CommandContext) {
  const { output, image } = imageOptions(options);
  const { reporter, ...rest } = context;
  const { images, finished } = await deblurSequence(operand, output, image, {
    ...rest,
    onFound: (files) => reporter.found({ files, skipped: [] }),
    onSkipped: reporter.skipped,
    onStart: reporter.start,
    onProgress: reporter.tile,
    onNote: reporter.note,
    onDone: reporter.done,
  });
  reporter.summary({ files: images, skipped: finished, failed: 0 });
}

async function deblurOne({ operand, options }: Call<DeblurFlags>, context: PipedContext) {
  const { output, image } = imageOptions(options);
  const { reporter, ...rest } = context;
  const result = await deblurFile(operand, output, image, {
    ...rest,
    onStart: reporter.start,
    onProgress: reporter.tile,
    onNote: reporter.note,
  });
  reporter.done(result);
}

async function runSeveral({ operands, options }: Call<DeblurFlags>, context: CommandContext) {
  const { output, image } = imageOptions(options);
  const images = { ...image, skipExisting: options.skipExisting };
  const { reporter, ...rest } = context;
  let files = 0;
  const { skipped, failed } = await deblurFiles(operands, output, images, {
    ...rest,
    onFound({ images: { length }, skipped }) {
      files = length;
      reporter.found({ files, skipped });
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
  // The failure of a single image is that of the run.
  if (files === 1 && failed[0] !== undefined) throw failed[0].error;
  if (failed.length === 0) return;
  const errors = failed.map(({ error }) => error);
  throw new ImagesFailedError(errors, files);
}

/** The error's message, with the image's name where the message lacks it. */
function lineOf({ input, output, error }: FileFailure): string {
  const line = describeError(error);
  const isNamed = [input, output].some((path) => line.startsWith(`${path}: `));
  return isNamed ? line : `${input}: ${line}`;
}
