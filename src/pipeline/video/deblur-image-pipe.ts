/**
 * Restores consecutive images from a pipe into another, as FFmpeg's image2pipe writes and reads them. Each is restored
 * as a file with its metadata, and sent before the next one begins.
 */
import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError, IoError, isDeblurError } from "../../errors.ts";
import { readBytes } from "../../io/system/byte-reader.ts";
import { openRunFolder } from "../../io/system/run-folder.ts";
import { type Scope, withScope } from "../../io/system/scope.ts";
import { assertPiped, chunksOf, standardInput } from "../../io/system/standard-input.ts";
import { assertNotATerminal, deliver, standardOutput } from "../../io/system/standard-output.ts";
import { systemCode, systemMessage } from "../../io/system/system-error.ts";
import { openRuntime, type Runtime } from "../engines/runtime.ts";
import { completeOptions } from "../options/complete-options.ts";
import type { FileOptions } from "../options/file-options.ts";
import type { RunContext } from "../plan/run-context.ts";
import type { RunPlan, RunResult } from "../plan/run-facts.ts";
import { deblurJob } from "../run/deblur-file.ts";
import { type StreamedImage, splitImages } from "./split-images.ts";
import type { VideoPlan, VideoProgress, VideoResult } from "./video-facts.ts";

/** The callbacks of a run over piped images and the signal that stops it. */
export interface ImagePipeContext extends Omit<RunContext, "onStart" | "onProgress"> {
  /** Called before the first image. */
  readonly onStart?: (plan: VideoPlan) => void;
  /** Called for each image that was sent. */
  readonly onFrame?: (progress: VideoProgress) => void;
}

/**
 * Deblurs consecutive PNGs and JPEGs from `context.stdin` into `context.stdout`. Each keeps its format, unless `format`
 * chooses another. Memory and disk hold one image at a time.
 *
 *     await deblurImagePipe({ tile: 256 }, { stdin: ffmpeg.stdout, stdout: other.stdin });
 *
 * @throws OptionError if an end is a terminal; InputError in place of a damaged, truncated or unknown image, once those
 *   before it are sent; ReaderGoneError; the errors of `deblurFile`; the signal's reason
 */
export async function deblurImagePipe(
  given: Partial<FileOptions> = {},
  context: ImagePipeContext = {},
): Promise<VideoResult> {
  const options = completeOptions(given);
  const { stdin = process.stdin, stdout = process.stdout } = context;
  const { signal = new AbortController().signal } = context;
  assertPiped(stdin);
  assertNotATerminal(stdout);
  return withScope(context, async (scope) => {
    const folder = scope.use(await openRunFolder(join(tmpdir(), "pipe")), (it) => it.remove());
    scope.use(stdin, async (it) => void it.destroy());
    const bytes = readBytes(chunksOf(stdin, signal, standardInput));
    const runtime = openOnce(options, context, scope);
    const size = { width: 0, height: 0 };
    let [frames, copied] = [0, 0];
    for await (const image of splitImages(bytes, standardInput)) {
      const job = {
        image,
        number: ++frames,
        folder: folder.path,
        options,
        runtime,
        signal,
        context,
      };
      const { output, result } = await restore(job);
      await deliver(output, stdout, { signal });
      await rm(output);
      if (frames === 1) Object.assign(size, { width: result.width, height: result.height });
      copied += result.copied.length;
      context.onFrame?.({ framesDone: frames, framesTotal: undefined });
    }
    if (frames === 0) throw new InputError(standardInput, "Expected pictures but found nothing");
    return { input: "-", output: "-", ...size, frames, copied };
  });
}

interface StreamedJob {
  readonly image: StreamedImage;
  /** From 1. */
  readonly number: number;
  readonly folder: string;
  readonly options: FileOptions;
  readonly runtime: () => Promise<Runtime>;
  readonly signal: AbortSignal;
  readonly context: ImagePipeContext;
}

/** Restores one image from the stream into a file. */
async function restore({
  image: { format, bytes },
  number,
  folder,
  options,
  runtime,
  signal,
  context,
}: StreamedJob): Promise<{ readonly output: string; readonly result: RunResult }> {
  const [input, output] = [join(folder, `in.${format}`), join(folder, standardOutput)];
  const withStreamNames = (text: string): string =>
    text
      .replaceAll(input, `${standardInput}: picture ${number}`)
      .replaceAll(output, standardOutput);
  const { onStart, onFrame, onNote, ...rest } = context;
  try {
    await keep(bytes, input);
    const job = {
      ...{ input, output, options, fieldFiles: [], resumable: false, file: 1, files: 1 },
      context: {
        ...rest,
        signal,
        onStart: (plan: RunPlan) => number === 1 && onStart?.(videoPlan(plan, format)),
        onNote: (message: string) => onNote?.(withStreamNames(message)),
      },
    };
    const result = await withScope(job.context, (scope) => deblurJob(job, scope, runtime));
    await rm(input);
    return { output, result };
  } catch (error) {
    if (isDeblurError(error)) error.message = withStreamNames(error.message);
    throw error;
  }
}

/** Returns a function that opens the runtime once, at the first image with a valid header. */
function openOnce(
  options: FileOptions,
  { signal, onNote, engine, pool, openEngine }: ImagePipeContext,
  scope: Scope,
): () => Promise<Runtime> {
  let runtime: Promise<Runtime> | undefined;
  const context = {
    ...(signal && { signal }),
    ...(onNote && { onNote }),
    ...(engine && { engine }),
    ...(pool && { pool }),
    ...(openEngine && { openEngine }),
  };
  return () => {
    runtime ??= openRuntime(options, context, scope);
    return runtime;
  };
}

async function keep(bytes: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const file = await open(path, "wx").catch(diskRefused);
  try {
    for await (const piece of bytes) await file.appendFile(piece).catch(diskRefused);
  } finally {
    await file.close();
  }
}

function diskRefused(cause: unknown): never {
  if (systemCode(cause) === undefined) throw cause;
  throw new IoError(standardInput, `cannot be kept: ${systemMessage(cause)}`, { cause });
}

/** Returns the plan of the first image; the others may have other sizes. */
function videoPlan(plan: RunPlan, format: StreamedImage["format"]): VideoPlan {
  const { width, height, engine, preset, tile, halo, scale, inFlight, tiles } = plan;
  return {
    ...{ input: "-", output: "-", width, height, form: format.toUpperCase() },
    ...{ matrix: undefined, levels: undefined, rate: undefined, frames: undefined },
    ...{ engine, preset, tile, halo, scale, inFlight, tiles, framesInFlight: 1 },
  };
}
