/** Lists the ways of `deblur IN -o OUT`: one image, several, a video, a sequence, a pipe of images. */
import type { Readable } from "node:stream";
import { OptionError } from "../../errors.ts";
import { kindOfSuffix } from "../../io/formats/video-suffixes.ts";
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
import { kindOfFile, peekKind } from "../../pipeline/video/video-kind.ts";
import { describeError, exitCodeOf, ImagesFailedError } from "../../text/describe-error.ts";
import type { Call, CommandContext } from "../command.ts";
import type { DeblurFlags } from "./deblur-flags.ts";

/** One way to do what the command asks. @throws as the function of the library that it calls */
type Way = (call: Call<DeblurFlags>, context: CommandContext) => Promise<void>;

/** Chooses the way by what IN and OUT are. @throws OptionError, NoInputError, IoError */
export async function wayOf(
  { operand, operands, options }: Call<DeblurFlags>,
  { signal }: Pick<CommandContext, "signal">,
): Promise<Way> {
  const { output, skipExisting, format } = options;
  if (operands.length === 1 && (await isSequence(operand))) return runSequence;
  if (await isIntoFolder(operands, output)) return runSeveral;
  if (skipExisting && (await isMade(output, options))) return skipOne;
  if (format === "image2pipe") return runImagePipe;
  if (format === "rawvideo" || format === "y4m") return runVideo;
  const videoWanted = format === undefined && kindOfSuffix(output) !== undefined;
  if (operand !== "-") {
    const isVideo = (await kindOfFile(operand)) !== undefined || videoWanted;
    return isVideo ? runVideo : deblurOne;
  }
  assertPiped(process.stdin);
  const { kind, stdin } = await peekKind(process.stdin, signal);
  const way = kind === undefined && !videoWanted ? deblurOne : runVideo;
  return (call, context) => way(call, { ...context, stdin });
}

/** True where the output is a folder or must be one. */
async function isIntoFolder(operands: readonly string[], output: string): Promise<boolean> {
  if (operands.length === 1 && operands[0] === "-") return false;
  if (await areSeveral(operands)) return true;
  return output !== "-" && (output.endsWith("/") || (await isFolder(output)));
}

async function skipOne({ operand, options }: Call<DeblurFlags>, { reporter }: CommandContext) {
  reporter.skipped({ input: operand, output: options.output, file: 1, files: 1 });
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
  return format !== "rawvideo" && format !== "y4m" && format !== "image2pipe";
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
