/** Writes a video's frames one at a time into a pipe, a file, or FFmpeg. A file is complete or absent. */
import { type FileHandle, open } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { Writable } from "node:stream";
import { IoError, isDeblurError, OptionError } from "../../errors.ts";
import {
  fileUrl,
  inputWords,
  kindOfSuffix,
  videoSuffixes,
} from "../../io/formats/video-suffixes.ts";
import { publish } from "../../io/system/publish.ts";
import { openRunFolder } from "../../io/system/run-folder.ts";
import type { Scope } from "../../io/system/scope.ts";
import { written } from "../../io/system/standard-output.ts";
import { systemCode, systemMessage } from "../../io/system/system-error.ts";
import type { Frame } from "../frames/frame.ts";
import { startChild } from "./child.ts";
import type { Video } from "./open-video.ts";
import { y4mFrameBytes, y4mHeaderBytes } from "./y4m.ts";

/** The output of a video. */
export interface VideoSink {
  /** Writes a frame. Resolves when the next one may be written. */
  write(frame: Frame): Promise<void>;
  /** Completes and publishes the output. */
  finish(): Promise<void>;
}

/** The destination of the bytes. */
interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
  finish(): Promise<void>;
}

interface Opening {
  readonly input: string;
  readonly force: boolean;
  readonly stdout: Writable;
  readonly signal: AbortSignal;
  readonly scope: Scope;
}

/** Checks the output of a video. @throws OptionError for a wrong suffix, or raw video for FFmpeg without a rate */
export function checkVideoOutput(
  output: string,
  { raw, rate }: { readonly raw: boolean; readonly rate: Video["rate"] },
): void {
  const kind = kindOfSuffix(output);
  if (kind === "container") {
    if (!raw || rate !== undefined) return;
    throw new OptionError(`Expected a frame rate for raw video that becomes ${output}`);
  }
  if (output === "-" || (kind === undefined) === raw) return;
  const expected = raw
    ? "without a suffix of YUV4MPEG2"
    : `ending in one of ${videoSuffixes.join(", ")}`;
  throw new OptionError(`Expected an output ${expected} but received ${JSON.stringify(output)}`);
}

/**
 * Opens the sink of `video` and writes the stream's header. The scope in `opening` closes all that it opens.
 * @throws as `openRunFolder` and `written`; UnavailableError if FFmpeg is missing
 */
export async function openVideoSink(
  output: string,
  video: Video,
  opening: Opening,
): Promise<VideoSink> {
  const sink = await openByteSink(output, video, opening);
  const { header } = video;
  if (header !== undefined) await sink.write(y4mHeaderBytes(header));
  return {
    async write(frame) {
      const parts = header === undefined ? [frame.data] : y4mFrameBytes(frame);
      for (const part of parts) await sink.write(part);
    },
    finish: () => sink.finish(),
  };
}

async function openByteSink(output: string, video: Video, opening: Opening): Promise<ByteSink> {
  const { stdout, signal, scope } = opening;
  if (output === "-") {
    return { write: (bytes) => written(stdout, bytes, signal), finish: async () => {} };
  }
  const folder = scope.use(await openRunFolder(output), (it) => it.remove());
  const file = join(folder.path, `video${extname(basename(output))}`);
  return kindOfSuffix(output) === "container"
    ? openEncoder(file, output, video, opening)
    : openFile(file, output, opening);
}

async function openFile(
  path: string,
  output: string,
  { scope, force }: Opening,
): Promise<ByteSink> {
  const namingOutput = <T>(call: Promise<T>): Promise<T> =>
    call.catch((cause: unknown) => {
      if (systemCode(cause) === undefined) throw cause;
      throw new IoError(output, systemMessage(cause), { cause });
    });
  let file: FileHandle | undefined = await namingOutput(open(path, "wx"));
  const close = async (): Promise<void> => {
    const closing = file?.close();
    file = undefined;
    await closing;
  };
  scope.use(path, close);
  return {
    write: async (bytes) => void (await namingOutput((file as FileHandle).appendFile(bytes))),
    async finish() {
      await namingOutput(close());
      await publish(path, output, { force });
    },
  };
}

/** Opens an FFmpeg that encodes the frames; it copies sound and metadata from the input. */
async function openEncoder(
  path: string,
  output: string,
  video: Video,
  { input, signal, scope, force }: Opening,
): Promise<ByteSink> {
  const child = scope.use(await startChild("ffmpeg", encoding(path, input, video)), (it) =>
    it.kill(),
  );
  const failed = (problem: string | undefined, cause?: unknown): IoError =>
    new IoError(output, `FFmpeg cannot write it: ${problem ?? "it ended early"}`, { cause });
  return {
    async write(bytes) {
      try {
        await written(child.stdin, bytes, signal);
      } catch (cause) {
        if (!isDeblurError(cause)) throw cause;
        throw failed(await child.ended, cause);
      }
    },
    async finish() {
      child.stdin.end();
      const stop = () => void child.kill();
      signal.addEventListener("abort", stop, { once: true });
      const problem = await child.ended;
      signal.removeEventListener("abort", stop);
      signal.throwIfAborted();
      if (problem !== undefined) throw failed(problem);
      await publish(path, output, { force });
    },
  };
}

function encoding(path: string, input: string, video: Video): readonly string[] {
  const { probed, header } = video;
  const { space, primaries, transfer } = probed?.tags ?? {};
  const tag = (name: string, value: string | undefined) =>
    value === undefined ? [] : [name, value];
  const suffix = extname(path).toLowerCase();
  return [
    ...["-v", "error"],
    // Keeps the first frame in sync with the sound.
    ...(probed === undefined || probed.delay === 0 ? [] : ["-itsoffset", String(probed.delay)]),
    ...(header === undefined ? rawInput(video) : ["-f", "yuv4mpegpipe", "-i", "pipe:0"]),
    ...(probed === undefined
      ? []
      : [
          ...inputWords(input),
          "-map",
          "0:v",
          "-map",
          "1:a?",
          "-c:a",
          "copy",
          "-map_metadata",
          "1",
        ]),
    // Nearly lossless; other settings need a pipe into a separate FFmpeg.
    ...([".webm", ".avi"].includes(suffix) ? [] : ["-c:v", "libx264", "-crf", "16"]),
    ...tag("-colorspace", space),
    ...tag("-color_primaries", primaries),
    ...tag("-color_trc", transfer),
    fileUrl(path),
  ];
}

function rawInput({ form, width, height, rate }: Video): readonly string[] {
  return [
    ...["-f", "rawvideo", "-pixel_format", form.name, "-video_size", `${width}x${height}`],
    ...["-framerate", `${rate?.frames}/${rate?.seconds}`, "-i", "pipe:0"],
  ];
}
