/** Restores a video frame by frame, from a file or a pipe into another. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError, isDeblurError } from "../../errors.ts";
import { openGrid } from "../../image/tiling/open-grid.ts";
import { sniffFormat } from "../../io/formats/sniff-format.ts";
import { assertFree } from "../../io/system/publish.ts";
import { openRunFolder } from "../../io/system/run-folder.ts";
import { type Scope, withScope } from "../../io/system/scope.ts";
import { assertPiped, standardInput } from "../../io/system/standard-input.ts";
import { assertNotATerminal } from "../../io/system/standard-output.ts";
import { deblurFrames } from "../deblur-frames.ts";
import { openRuntime } from "../engines/runtime.ts";
import { completeOptions, completeTable, type NameOf } from "../options/complete-options.ts";
import type { FileOptions } from "../options/file-options.ts";
import { openWhere } from "../plan/open-where.ts";
import { withUsualTiling } from "../plan/plan-memory.ts";
import { restoringOf } from "../plan/restoring.ts";
import type { RunContext } from "../plan/run-context.ts";
import { drain, openTileReport } from "../run/drain.ts";
import { openVideo, type VideoPart } from "./open-video.ts";
import type { VideoPlan, VideoProgress, VideoResult } from "./video-facts.ts";
import { kindOfFile, type VideoKind } from "./video-kind.ts";
import { refuseImageOptions, type VideoOptions, videoOptionTable } from "./video-options.ts";
import { checkVideoOutput, openVideoSink } from "./video-sink.ts";

/** The callbacks of a video's run and the signal that stops it. */
export interface VideoContext extends Omit<RunContext, "onStart" | "onProgress"> {
  /** Called before the first frame. */
  readonly onStart?: (plan: VideoPlan) => void;
  /** Called for each delivered frame. */
  readonly onFrame?: (progress: VideoProgress) => void;
}

/**
 * Deblurs a video. YUV4MPEG2 streams and files (.y4m) are read directly. Other files (.mp4, .mkv …) go through FFmpeg
 * from PATH, and their sound is copied. With `size` and `pixFmt`, the input is samples without a header. "-" is a pipe.
 *
 *     await deblurVideo("shaken.mp4", "sharp.mp4");
 *
 * Every frame is restored, in order. A file at `output` is complete or absent; a pipe receives whole frames.
 * @throws OptionError, OutputError, NoInputError, InputError, UnavailableError, WeightsError, IoError, TileError;
 *   ReaderGoneError of a pipe; the signal's reason once it is aborted
 */
export async function deblurVideo(
  input: string,
  output: string,
  given: Partial<FileOptions & VideoOptions> = {},
  context: VideoContext = {},
): Promise<VideoResult> {
  return deblurVideoPart(input, output, given, context);
}

/** Deblurs some frames of a video's file into a YUV4MPEG2 file. @throws as `deblurVideo` */
export async function deblurVideoPart(
  input: string,
  output: string,
  given: Partial<FileOptions & VideoOptions>,
  context: VideoContext,
  part?: VideoPart,
): Promise<VideoResult> {
  const { matrix, levels, size, pixFmt, rate, ...images } = given;
  const sameName: NameOf = (key) => key;
  const video = { matrix, levels, size, pixFmt, rate };
  const options = {
    ...completeOptions(images),
    ...completeTable(videoOptionTable, {}, sameName),
    ...video,
  };
  refuseImageOptions(options, sameName);
  const raw = size !== undefined || pixFmt !== undefined;
  checkVideoOutput(output, { raw, rate });
  if (output !== "-") await assertFree(output, options);
  return withScope(context, (scope) => run({ input, output, raw, options, context, part }, scope));
}

interface Job {
  readonly input: string;
  readonly output: string;
  readonly raw: boolean;
  readonly options: FileOptions & VideoOptions;
  readonly context: VideoContext;
  /** undefined: all frames. */
  readonly part: VideoPart | undefined;
}

/** Restores the video; `scope` closes all that it opens. */
async function run(job: Job, scope: Scope): Promise<VideoResult> {
  const { input, output, options, context } = job;
  const { signal = new AbortController().signal, onNote = () => {} } = context;
  const { stdin = process.stdin, stdout = process.stdout } = context;
  signal.throwIfAborted();
  if (input === "-") assertPiped(stdin);
  if (output === "-") assertNotATerminal(stdout);
  const name = input === "-" ? standardInput : input;
  const opening = { name, options, signal, onNote, scope, ...(job.part && { part: job.part }) };
  // The header comes first, so that a wrong path fails before an engine opens.
  const video = await openVideo(input, await kindOf(job), { ...opening, stdin });
  const runtime = await openRuntime(options, { ...context, signal }, scope);
  const { engine, preset } = runtime;
  const settled = withUsualTiling(options, engine);
  const work = await openRunFolder(join(tmpdir(), "mask"));
  const folder = scope.use(work, (it) => it.remove()).path;
  // The pixels of frames are taken as they come, upright.
  const image = { ...video, metadata: {} };
  const where = await openWhere(settled, image, { folder, scope, signal, onNote });
  const sink = await openVideoSink(output, video, { input, stdout, signal, scope, ...options });

  const { width, height, form, rate, total } = video;
  const { tile, halo, scale, inFlight } = settled;
  const grid = openGrid({ width, height, tile, halo, scale, alignment: engine.alignment });
  const tiles = grid.count;
  const framesInFlight = Math.max(2, Math.ceil(inFlight / tiles));
  context.onStart?.({
    ...{ input, output, width, height, form: form.name, ...video.colour },
    rate: rate && rate.frames / rate.seconds,
    ...{ frames: total, engine: engine.identity, preset, tile, halo, scale, inFlight, tiles },
    framesInFlight,
  });
  let frames = 0;
  const report = openTileReport({ onNote });
  const restored = deblurFrames(video.frames, engine, {
    ...restoringOf(settled, runtime),
    ...where.restoring,
    ...{ grid, inFlight: Math.min(inFlight, tiles), maxInFlight: framesInFlight, signal },
    deliver: (frame) => sink.write(frame),
    onTile: report.add,
  });
  await drain(restored, () => {
    frames++;
    context.onFrame?.({ framesDone: frames, framesTotal: total });
  });
  await sink.finish();
  return { input, output, width, height, frames, copied: report.left.copied.length };
}

/** Returns the kind of the input. @throws NoInputError, IoError; InputError if suffix and first bytes fit no video */
async function kindOf({ input, raw }: Job): Promise<VideoKind> {
  if (raw) return "raw";
  if (input === "-") return "y4m";
  const kind = await kindOfFile(input);
  if (kind !== undefined) return kind;
  const found = await sniffFormat(input).catch((error: unknown) => {
    if (isDeblurError(error, "InputError")) return undefined;
    throw error;
  });
  const what = found === undefined ? "another kind of file" : `a picture (${found.format})`;
  throw new InputError(input, `Expected a video but found ${what}`);
}
