/** What FFmpeg knows of a video's file before a frame of it is decoded. */
import { InputError } from "../../errors.ts";
import type { LevelsName, MatrixName } from "../frames/colour.ts";
import { isAviCutShort } from "./avi-length.ts";
import { startChild } from "./child.ts";

export interface Probed {
  /** How FFmpeg calls the form of its samples. */
  readonly pixFmt: string;
  readonly matrix: MatrixName | undefined;
  readonly levels: LevelsName | undefined;
  /** As FFmpeg names them; whoever encodes says them again. */
  readonly tags: {
    readonly space: string | undefined;
    readonly primaries: string | undefined;
    readonly transfer: string | undefined;
  };
  /** Seconds from the beginning of the file to the first frame. */
  readonly delay: number;
  /** Frames that will be shown. */
  readonly frames: number;
}

/** @throws UnavailableError without ffprobe; InputError where there is no video, it is cut short, or its rate varies */
export async function probe(path: string, signal: AbortSignal): Promise<Probed> {
  const words = ["-v", "error", "-select_streams", "v:0", "-of", "json"];
  const stream =
    "stream=pix_fmt,color_space,color_range,color_primaries,color_transfer,start_time,time_base";
  const about = `${stream}:format=start_time,format_name`;
  const { text: shown, said: sight } = await output(["-show_entries", about, ...words, path]);
  const { streams: [found] = [], format } = JSON.parse(shown) as Answer;
  if (found?.pix_fmt === undefined) {
    if (cutShort.test(sight)) throw cut("before its first frame");
    throw new InputError(path, "Expected a video but found none");
  }
  signal.throwIfAborted();
  const { text: table, said } = await output([
    ...["-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts,dts,flags"],
    ...["-of", "csv=p=0", path],
  ]);
  const times = timesOf(table);
  if (cutShort.test(said) || (format?.format_name === "avi" && (await isAviCutShort(path)))) {
    throw cut(`after ${times.length} frames`);
  }
  refuseVarying(path, times);
  return {
    pixFmt: found.pix_fmt,
    matrix: matrices[found.color_space ?? ""],
    levels:
      found.color_range === "pc" ? "full" : found.color_range === "tv" ? "limited" : undefined,
    tags: {
      space: known(found.color_space),
      primaries: known(found.color_primaries),
      transfer: known(found.color_transfer),
    },
    delay: seconds(found.start_time) - seconds(format?.start_time),
    frames: times.length,
  };

  function cut(where: string): InputError {
    return new InputError(path, `Expected a whole video but it is cut short ${where}`);
  }

  async function output(options: readonly string[]): Promise<{ text: string; said: string }> {
    const child = await startChild("ffprobe", options);
    child.stdin.end();
    const stop = () => void child.kill();
    signal.addEventListener("abort", stop, { once: true });
    const parts: string[] = [];
    for await (const part of child.stdout.setEncoding("utf8")) parts.push(part);
    const problem = await child.ended;
    signal.removeEventListener("abort", stop);
    signal.throwIfAborted();
    if (problem !== undefined) {
      if (await isAviCutShort(path).catch(() => false)) throw cut("before its first frame");
      throw new InputError(path, `FFmpeg cannot read it: ${problem}`);
    }
    return { text: parts.join(""), said: child.said() };
  }
}

interface Answer {
  readonly streams?: readonly {
    readonly pix_fmt?: string;
    readonly color_space?: string;
    readonly color_range?: string;
    readonly color_primaries?: string;
    readonly color_transfer?: string;
    readonly start_time?: string;
  }[];
  readonly format?: { readonly start_time?: string; readonly format_name?: string };
}

/** What its readers of MP4 and Matroska say, and go on as if the file were whole. */
const cutShort = /: partial file$|File ended prematurely/m;

const matrices: Readonly<Record<string, MatrixName>> = {
  bt709: "709",
  smpte170m: "601",
  bt470bg: "601",
  fcc: "601",
  bt2020nc: "2020",
};

/**
 * When each frame is shown, ascending, in ticks; those an edit list leaves out are not. Where a container does not say it
 * of all frames (AVI), when each is decoded: as far apart.
 */
function timesOf(table: string): readonly number[] {
  const frames = table
    .split("\n")
    .map((line) => line.split(","))
    .filter(([shown = "", decoded = "", flags]) => {
      return [shown, decoded].some(isTime) && !flags?.includes("D");
    });
  const column = frames.every(([shown = ""]) => isTime(shown)) ? 0 : 1;
  return frames.map((frame) => Number(frame[column])).sort((a, b) => a - b);
}

function isTime(text: string): boolean {
  return /^-?\d+$/.test(text);
}

/** A frame may be a tick early or late, or a hundredth of its time: containers round. */
function refuseVarying(path: string, times: readonly number[]): void {
  const steps = times.slice(1).map((time, i) => time - (times[i] as number));
  const middle = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const slack = Math.max(1, middle / 100);
  const odd = steps.findIndex((step) => Math.abs(step - middle) > slack);
  if (odd < 0) return;
  throw new InputError(
    path,
    `Expected a constant frame rate but frame ${odd + 2} comes after ${steps[odd]} ticks, others after ${middle}: ` +
      `make it constant first, with ffmpeg -i ${path} -fps_mode cfr -c:a copy OUT`,
  );
}

function known(tag: string | undefined): string | undefined {
  return tag === undefined || tag === "unknown" ? undefined : tag;
}

function seconds(text: string | undefined): number {
  const value = Number(text ?? 0);
  return Number.isFinite(value) ? value : 0;
}
