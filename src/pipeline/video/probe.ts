/** What FFmpeg knows of a video's file before a frame of it is decoded. */
import { InputError } from "../../errors.ts";
import { startChild } from "./child.ts";
import type { LevelsName, MatrixName } from "./colour.ts";

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

/** @throws UnavailableError without ffprobe; InputError where there is no video, or its frame rate varies */
export async function probe(path: string, signal: AbortSignal): Promise<Probed> {
  const words = ["-v", "error", "-select_streams", "v:0", "-of", "json"];
  const stream =
    "stream=pix_fmt,color_space,color_range,color_primaries,color_transfer,start_time,time_base";
  const shown = await output(["-show_entries", `${stream}:format=start_time`, ...words, path]);
  const { streams: [found] = [], format } = JSON.parse(shown) as Answer;
  if (found?.pix_fmt === undefined) throw new InputError(path, "Expected a video but found none");
  signal.throwIfAborted();
  const table = await output([
    ...["-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts,flags"],
    ...["-of", "csv=p=0", path],
  ]);
  const times = timesOf(table);
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

  async function output(options: readonly string[]): Promise<string> {
    const child = await startChild("ffprobe", options);
    child.stdin.end();
    const stop = () => void child.kill();
    signal.addEventListener("abort", stop, { once: true });
    const parts: string[] = [];
    for await (const part of child.stdout.setEncoding("utf8")) parts.push(part);
    const problem = await child.ended;
    signal.removeEventListener("abort", stop);
    signal.throwIfAborted();
    if (problem !== undefined) throw new InputError(path, `FFmpeg cannot read it: ${problem}`);
    return parts.join("");
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
  readonly format?: { readonly start_time?: string };
}

const matrices: Readonly<Record<string, MatrixName>> = {
  bt709: "709",
  smpte170m: "601",
  bt470bg: "601",
  fcc: "601",
  bt2020nc: "2020",
};

/** When each frame is shown, ascending, in ticks; those an edit list leaves out are not. */
function timesOf(table: string): readonly number[] {
  return table
    .split("\n")
    .map((line) => line.split(","))
    .filter(([time, flags]) => /^-?\d+$/.test(time ?? "") && !flags?.includes("D"))
    .map(([time]) => Number(time))
    .sort((a, b) => a - b);
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
