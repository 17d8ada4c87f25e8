/** Opens a video whose frames are read when they are pulled: YUV4MPEG2, raw samples, or a file that FFmpeg reads. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { InputError, NoInputError, OptionError } from "../../errors.ts";
import { inputWords } from "../../io/formats/video-suffixes.ts";
import { type ByteReader, readBytes } from "../../io/system/byte-reader.ts";
import type { Scope } from "../../io/system/scope.ts";
import { chunksOf } from "../../io/system/standard-input.ts";
import { systemMessage } from "../../io/system/system-error.ts";
import type { Colour } from "../frames/colour.ts";
import type { Frame } from "../frames/frame.ts";
import { type PixelForm, rawForm } from "../frames/pixel-form.ts";
import { startChild } from "./child.ts";
import { type Probed, probe } from "./probe.ts";
import { countRawFrames, readRawFrames } from "./raw-video.ts";
import type { VideoKind } from "./video-kind.ts";
import type { VideoOptions } from "./video-options.ts";
import { readY4mFrames, readY4mHeader } from "./y4m.ts";
import { type ColourChoice, colourOf, type Y4mHeader } from "./y4m-header.ts";

/** An open video. */
export interface Video {
  readonly width: number;
  readonly height: number;
  readonly form: PixelForm;
  readonly colour: Colour;
  /** undefined: the stream gives none. */
  readonly rate: Y4mHeader["rate"];
  /** The number of frames; undefined: unknown before the end of the stream. */
  readonly total: number | undefined;
  /** undefined: the samples have no header. */
  readonly header: Y4mHeader | undefined;
  /** undefined: FFmpeg does not read the file. */
  readonly probed: Probed | undefined;
  readonly frames: AsyncIterable<Frame>;
}

/** Some frames of a video's file, from a key frame on. */
export interface VideoPart {
  /** Seconds from the beginning of the file to a moment between the first frame and the one before. */
  readonly from: number;
  readonly frames: number;
}

interface Opening {
  /** undefined: all frames. */
  readonly part?: VideoPart;
  /** The input's name in messages. */
  readonly name: string;
  readonly options: VideoOptions & { readonly maxPixels: number };
  readonly signal: AbortSignal;
  readonly onNote: (message: string) => void;
  readonly scope: Scope;
}

/** Most pixels of a frame: it stays in memory with its residual, at 16 bytes a pixel and more. */
const mostPixels = 2 ** 28;

/**
 * Opens the video at `input`, or on `stdin` for "-". The scope in `opening` closes the stream and ends the programs.
 * @throws NoInputError; InputError if it is malformed; UnavailableError if FFmpeg is missing
 */
export async function openVideo(
  input: string,
  kind: VideoKind,
  { stdin, ...opening }: Opening & { readonly stdin: Readable },
): Promise<Video> {
  const length = input === "-" ? undefined : await lengthOf(input);
  if (kind === "container") return openContainer(input, opening);
  const stream = input === "-" ? stdin : createReadStream(input, { highWaterMark: 2 ** 18 });
  opening.scope.use(stream, async (it) => void it.destroy());
  const bytes = readBytes(chunksOf(stream, opening.signal, opening.name));
  return kind === "raw" ? openRaw(bytes, length, opening) : openY4m(bytes, opening);
}

async function openY4m(
  bytes: ByteReader,
  { name, options: { matrix, levels, maxPixels }, onNote }: Omit<Opening, "scope" | "signal">,
): Promise<Video> {
  const limits = { name, maxPixels: Math.min(maxPixels, mostPixels) };
  const header = await readY4mHeader(bytes, limits);
  if (!header.progressive) {
    onNote(`${name}: fields are restored as if taken at once; ffmpeg -vf yadif separates them`);
  }
  const { width, height, form, rate } = header;
  const frames = readY4mFrames(bytes, header, { name, matrix, levels });
  const colour = colourOf(header, { matrix, levels });
  const unknown = { total: undefined, probed: undefined };
  return { width, height, form, colour, rate, header, ...unknown, frames };
}

/** Opens samples without a header; `length` is the number of all bytes, if it is known. */
async function openRaw(
  bytes: ByteReader,
  length: number | undefined,
  { name, options }: Omit<Opening, "scope" | "signal">,
): Promise<Video> {
  const { form, size } = rawLayout(options);
  const { width, height } = size;
  const most = Math.min(options.maxPixels, mostPixels);
  if (width * height > most) {
    throw new InputError(name, `Expected at most ${most} pixels but found ${width}×${height}`);
  }
  const total = length === undefined ? undefined : countRawFrames(length, { name, form, ...size });
  const colour = colourOf({ form, height, levels: undefined }, options);
  const frames = readRawFrames(bytes, { name, form, colour, width, height });
  const unknown = { header: undefined, probed: undefined };
  return { width, height, form, colour, rate: options.rate, total, ...unknown, frames };
}

/** Opens a file through an FFmpeg that decodes it to YUV4MPEG2, in the form of its samples. */
async function openContainer(input: string, opening: Opening): Promise<Video> {
  const { options, signal, scope, name, onNote, part } = opening;
  const probed = await probe(input, signal);
  const total = part?.frames ?? probed.frames;
  const child = scope.use(
    await startChild("ffmpeg", [
      ...["-v", "error", "-nostdin"],
      ...(part === undefined || part.from <= 0 ? [] : ["-ss", part.from.toFixed(6)]),
      ...[...inputWords(input), "-map", "0:v:0", "-fps_mode", "passthrough"],
      ...(part === undefined ? [] : ["-frames:v", String(part.frames)]),
      ...["-strict", "-1", "-f", "yuv4mpegpipe", "-"],
    ]),
    (it) => it.kill(),
  );
  child.stdin.end();
  const bytes = readBytes(chunksOf(child.stdout, signal, name));
  const choice: ColourChoice = {
    matrix: options.matrix ?? probed.matrix,
    levels: options.levels ?? probed.levels,
  };
  try {
    const video = await openY4m(bytes, { name, options: { ...options, ...choice }, onNote });
    return { ...video, total, probed, frames: counted(video.frames) };
  } catch (error) {
    signal.throwIfAborted();
    const problem = await child.ended;
    if (problem === undefined) throw error;
    const what = `FFmpeg cannot decode it (${probed.pixFmt}) for YUV4MPEG2: ${problem}`;
    throw new InputError(name, what, { cause: error });
  }

  /** Yields the frames, and fails if some are missing, because FFmpeg leaves out frames that it cannot decode. */
  async function* counted(frames: AsyncIterable<Frame>): AsyncGenerator<Frame, void, void> {
    let count = 0;
    for await (const frame of frames) {
      yield frame;
      count++;
    }
    const problem = await child.ended;
    if (problem === undefined && count === total) return;
    const why = problem === undefined ? "" : `: ${problem}`;
    throw new InputError(name, `Expected ${total} frames but FFmpeg decoded ${count}${why}`);
  }
}

/** Returns size and form of raw video. @throws OptionError if one of them is missing */
function rawLayout({ size, pixFmt }: VideoOptions): {
  readonly size: { readonly width: number; readonly height: number };
  readonly form: PixelForm;
} {
  const form = pixFmt === undefined ? undefined : rawForm(pixFmt);
  if (size !== undefined && form !== undefined) return { size, form };
  throw new OptionError(
    `Expected a size and a pixel format for raw video but received no ${size === undefined ? "size" : "pixel format"}`,
  );
}

/** Returns the bytes of a file; undefined: it is a pipe or a device. @throws NoInputError */
async function lengthOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new NoInputError(path, systemMessage(cause), { cause });
  });
  if (found.isDirectory()) throw new NoInputError(path, "is a directory");
  return found.isFile() ? found.size : undefined;
}
