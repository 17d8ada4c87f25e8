/** Joins restored parts of a video: their frames are encoded together, as one process would encode them. */
import { InputError } from "../../errors.ts";
import { withScope } from "../../io/system/scope.ts";
import { openVideo, type VideoPart } from "./open-video.ts";
import { probe } from "./probe.ts";
import { openVideoSink } from "./video-sink.ts";

/** Most pixels of a frame: its parts were restored. */
const anySize = { maxPixels: Number.MAX_SAFE_INTEGER };

/**
 * Divides the video's file at `path` at key frames, into parts of at least `least` frames, the last one excepted.
 * @throws as `probe`
 */
export async function divideVideo(
  path: string,
  least: number,
  signal: AbortSignal,
): Promise<readonly VideoPart[]> {
  const { times, keys, frames } = await probe(path, signal);
  const starts: number[] = [0];
  for (const key of keys) if (key - (starts.at(-1) as number) >= least) starts.push(key);
  return starts.map((start, i) => ({
    from: start === 0 ? 0 : between(times[start - 1] as number, times[start] as number),
    frames: (starts[i + 1] ?? frames) - start,
  }));
}

/** A moment at which no rounding of times finds the wrong frame. */
function between(before: number, after: number): number {
  return (before + after) / 2;
}

/**
 * Writes the frames of `parts`, YUV4MPEG2 files in order, into the video `output`, with the sound of `input`. Returns
 * the number of frames.
 * @throws InputError if they are not `frames` in all; as `deblurVideo` for the output
 */
export async function joinVideo(
  parts: readonly string[],
  output: string,
  {
    input,
    frames,
    force,
    signal,
  }: {
    readonly input: string;
    readonly frames: number;
    readonly force: boolean;
    readonly signal: AbortSignal;
  },
  onFrame: (done: number) => void = () => {},
): Promise<number> {
  return withScope({}, async (scope) => {
    const options = { matrix: undefined, levels: undefined, size: undefined, ...anySize };
    const opened = async (path: string) =>
      openVideo(path, "y4m", {
        ...{ name: path, signal, onNote: () => {}, scope, stdin: process.stdin },
        options: { ...options, pixFmt: undefined, rate: undefined },
      });
    const [first = ""] = parts;
    const probed = await probe(input, signal);
    const video = { ...(await opened(first)), probed };
    const opening = { input, force, stdout: process.stdout, signal, scope };
    const sink = await openVideoSink(output, video, opening);
    let done = 0;
    for (const part of parts) {
      const { frames: read } = part === first ? video : await opened(part);
      for await (const frame of read) {
        await sink.write(frame);
        onFrame(++done);
      }
    }
    if (done !== frames) {
      throw new InputError(input, `Expected ${frames} restored frames but found ${done}`);
    }
    await sink.finish();
    return done;
  });
}
