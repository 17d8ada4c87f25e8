/** Inspects a video's file before any frame is decoded: form, colours, times, and whether it is complete. */
import { open } from "node:fs/promises";
import { InputError } from "../../errors.ts";
import { inputWords } from "../../io/formats/video-suffixes.ts";
import type { LevelsName, MatrixName } from "../frames/colour.ts";
import { startChild } from "./child.ts";

/** The facts of a video's file. */
export interface Probed {
  /** FFmpeg's name for the form of its samples. */
  readonly pixFmt: string;
  readonly matrix: MatrixName | undefined;
  readonly levels: LevelsName | undefined;
  /** FFmpeg's names, which the encoder of the output repeats. */
  readonly tags: {
    readonly space: string | undefined;
    readonly primaries: string | undefined;
    readonly transfer: string | undefined;
  };
  /** Seconds from the beginning of the file to the first frame. */
  readonly delay: number;
  /** The number of frames to show. */
  readonly frames: number;
  /** Seconds from the beginning of the file to each of them. */
  readonly times: readonly number[];
  /** Which of them are key frames, ascending. */
  readonly keys: readonly number[];
}

/**
 * Inspects the file at `path` with ffprobe.
 * @throws UnavailableError if ffprobe is missing; InputError if the file is no video, is truncated, or has a variable
 *   rate; the signal's reason
 */
export async function probe(path: string, signal: AbortSignal): Promise<Probed> {
  const words = ["-v", "error", "-select_streams", "v:0", "-of", "json"];
  const stream =
    "stream=pix_fmt,color_space,color_range,color_primaries,color_transfer,start_time,time_base";
  const about = `${stream}:format=start_time,format_name`;
  const { text: facts, messages } = await output(["-show_entries", about, ...words]);
  const { streams: [found] = [], format } = JSON.parse(facts) as Answer;
  if (found?.pix_fmt === undefined) {
    if (cutShort.test(messages)) throw cut("before its first frame");
    throw new InputError(path, "Expected a video but found none");
  }
  signal.throwIfAborted();
  const packets = await output([
    ...["-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts,dts,flags"],
    ...["-of", "csv=p=0"],
  ]);
  const { times, keys } = timesOf(packets.text);
  if (
    cutShort.test(packets.messages) ||
    (format?.format_name === "avi" && (await isAviCutShort(path)))
  ) {
    throw cut(`after ${times.length} frames`);
  }
  refuseVarying(path, times);
  const [ticks = 1, perSecond = 1] = (found.time_base ?? "1/1").split("/").map(Number);
  const tick = ticks / perSecond;
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
    times: times.map((time) => time * tick - seconds(format?.start_time)),
    keys,
  };

  function cut(where: string): InputError {
    return new InputError(path, `Expected a whole video but it is cut short ${where}`);
  }

  async function output(options: readonly string[]): Promise<{ text: string; messages: string }> {
    const child = await startChild("ffprobe", [...options, ...inputWords(path)]);
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
    return { text: parts.join(""), messages: child.messages() };
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
    readonly time_base?: string;
  }[];
  readonly format?: { readonly start_time?: string; readonly format_name?: string };
}

/** Messages of FFmpeg's readers of MP4 and Matroska, which then continue as if the file were complete. */
const cutShort = /: partial file$|File ended prematurely/m;

const matrices: Readonly<Record<string, MatrixName>> = {
  bt709: "709",
  smpte170m: "601",
  bt470bg: "601",
  fcc: "601",
  bt2020nc: "2020",
};

/**
 * Returns when each frame is shown, ascending, in ticks, and which are key frames, without those that an edit list leaves out. A container that
 * lacks these times (AVI) has the times of decoding, which are equally far apart.
 */
function timesOf(table: string): { times: readonly number[]; keys: readonly number[] } {
  const frames = table
    .split("\n")
    .map((line) => line.split(","))
    .filter(([shown = "", decoded = "", flags]) => {
      return [shown, decoded].some(isTime) && !flags?.includes("D");
    });
  const column = frames.every(([shown = ""]) => isTime(shown)) ? 0 : 1;
  const shown = frames
    .map((frame) => ({ time: Number(frame[column]), key: frame[2]?.includes("K") === true }))
    .sort((a, b) => a.time - b.time);
  return {
    times: shown.map(({ time }) => time),
    keys: shown.flatMap(({ key }, i) => (key ? [i] : [])),
  };
}

function isTime(text: string): boolean {
  return /^-?\d+$/.test(text);
}

/**
 * Refuses a variable frame rate. A frame may be a tick or a hundredth of its time off, because containers round.
 * @throws InputError naming the first irregular frame
 */
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

/**
 * Returns true if a RIFF chunk of the AVI at `path` ends beyond the file. FFmpeg reads a truncated AVI to its end
 * without a message. OpenDML has several chunks; unknown lengths are 0.
 */
async function isAviCutShort(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    for (let at = 0; at < size; ) {
      const head = Buffer.alloc(8);
      const { bytesRead } = await file.read(head, 0, head.length, at);
      if (bytesRead < head.length || head.toString("latin1", 0, 4) !== "RIFF") return false;
      const length = head.readUInt32LE(4);
      if (length === 0) return false;
      at += head.length + length + (length % 2);
      if (at - (length % 2) > size) return true;
    }
    return false;
  } finally {
    await file.close();
  }
}
