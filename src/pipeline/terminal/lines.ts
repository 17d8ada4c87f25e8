/** A run told in plain lines: what was chosen, a line every 10 %, what came of it. For logs. */

import { inBytes } from "../budget/byte-size.ts";
import type { RunPlan, RunResult } from "../run-facts.ts";
import type { PictureCounts, Reporter, ReporterContext, SummaryCounts } from "./reporter.ts";
import { openVideoLines } from "./video-lines.ts";
import { clock, megapixels, named, plain, secondsLeft } from "./words.ts";

/** Among several pictures, one that takes less than this, in seconds, has one line. */
const patience = 10;

/** Writes whole lines to `stream`. */
export function openLines({ stream, now }: ReporterContext): Reporter {
  const line = (text: string) => void stream.write(`${text}\n`);
  const opened = now();
  let begun = opened;
  let started = opened;
  let told = opened;
  let tenth = 0;
  let kept = 0;
  let planned = false;
  let place = "";
  return {
    found(counts) {
      if (isWorthTelling(counts)) line(foundLine(counts));
    },
    start(plan) {
      // Opening engine and picture says nothing about how long tiles take.
      started = now();
      told = started;
      kept = plan.tilesKept;
      tenth = Math.floor((10 * kept) / plan.tiles);
      place = placeOf(plan);
      // Once: what was chosen is the same for all.
      if (!planned) line(`${place}${planLine(plan)}`);
      planned = true;
      const needs = needsLine(plan);
      if (needs !== undefined) line(`${place}${needs}`);
    },
    tile({ tilesDone: done, tilesTotal: tiles }) {
      const expected = expectedLine(done, tiles, now() - started, kept);
      if (expected !== undefined) line(`${place}${expected}`);
      const reached = Math.floor((10 * done) / tiles);
      if (reached === tenth) return;
      tenth = reached;
      if (place !== "" && now() - told < patience) return;
      told = now();
      line(`${place}${progressLine(done, tiles, now() - started, kept)}`);
    },
    note: line,
    done(result) {
      line(`${place}${resultLine(result, now() - begun)}`);
      begun = now();
    },
    failed(message) {
      line(`deblur: ${message}`);
      begun = now();
    },
    summary(counts) {
      if (counts.files > 1) line(summaryLine(counts, now() - opened));
    },
    video: openVideoLines({ stream, now }, { live: false }),
  };
}

/** Nothing but what went wrong. */
export function openQuiet({ stream }: ReporterContext): Reporter {
  const silent = () => {};
  return {
    found: silent,
    start: silent,
    tile: silent,
    note: silent,
    done: silent,
    failed: (message) => void stream.write(`deblur: ${message}\n`),
    summary: silent,
    video: { start: silent, frame: silent, done: silent },
  };
}

/** One picture and nothing else is what was asked for. */
export function isWorthTelling({ files, hidden, others }: PictureCounts): boolean {
  return files + hidden + others > 1;
}

/** How many there are, in one line, and what was passed over. */
export function foundLine({ files, hidden, others }: PictureCounts): string {
  const passed = [
    ...(hidden === 0 ? [] : [`${hidden} hidden`]),
    ...(others === 0 ? [] : [`${others} not named as pictures`]),
  ];
  const rest = passed.length === 0 ? "" : `; passed over: ${passed.join(", ")}`;
  return `${counted(files, "picture")}${rest}`;
}

/** "[3/120] " among several pictures, nothing for the only one. */
export function placeOf({ file, files }: RunPlan): string {
  return files === 1 ? "" : `[${file}/${files}] `;
}

/** What was chosen, in one line. */
export function planLine(plan: RunPlan): string {
  const { engine, preset } = plan;
  const size = `${plan.width}×${plan.height}, ${plan.channels} × ${plan.bits} bits`;
  const net = preset === undefined ? engine.engine : `${engine.engine}, preset ${preset}`;
  const side = `${plan.tileWidth}×${plan.tileHeight}`;
  const tiles = `${counted(plan.tiles, "tile")} of ${side} (halo ${plan.halo})`;
  const input = named(plan.input, "standard input");
  return `${input}: ${size}; engine ${net}; ${tiles}, ${plan.inFlight} in flight`;
}

/** Pictures of fewer tiles are done before anybody asks. */
const worthALine = 32;

/** "memory about 812 MB, at most 2 GB; disk 40.5 GB, free 72.3 GB"; none of a small picture without a limit. */
export function needsLine({ memory, disk, tiles }: RunPlan): string | undefined {
  if (tiles <= worthALine && memory?.most === undefined) return undefined;
  const { expected, most } = memory ?? {};
  const ofMemory = [
    ...(expected === undefined ? [] : [`about ${inBytes(expected)}`]),
    ...(most === undefined ? [] : [`at most ${inBytes(most)}`]),
  ];
  const parts = [
    ...(ofMemory.length === 0 ? [] : [`memory ${ofMemory.join(", ")}`]),
    ...(disk ? [`disk about ${inBytes(disk.needed)}, free ${inBytes(disk.available)}`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join("; ");
}

/** Tiles after which their time says something about the others'. */
const firstTiles = 4;
/** Seconds; what takes less is seen soon enough. */
const long = 60;

/**
 * "about 1:23:45 for 21609 tiles, as the first 4 went (1.9 s a tile)", once, after the first of a run that takes
 * long; none before and afterwards.
 */
function expectedLine(
  done: number,
  total: number,
  elapsed: number,
  kept: number,
): string | undefined {
  const left = secondsLeft(done, total, elapsed, kept);
  const made = done - kept;
  if (made !== firstTiles || left === undefined || left < long) return undefined;
  const each = plain(elapsed / made);
  return `about ${clock(left)} left for ${total - done} tiles, as the first ${made} went (${each} s a tile)`;
}

/** "40 %  120/300 tiles  0:45 elapsed  1:07 left" */
function progressLine(done: number, tiles: number, elapsed: number, kept: number): string {
  const left = secondsLeft(done, tiles, elapsed, kept);
  const percent = Math.floor((100 * done) / tiles);
  const rest = left === undefined || done === tiles ? "" : `  ${clock(left)} left`;
  return `${percent} %  ${done}/${tiles} tiles  ${clock(elapsed)} elapsed${rest}`;
}

/** What came of it, in one line; further ones where tiles were left as they were. */
export function resultLine(result: RunResult, seconds: number): string {
  const { width, height, copied, flat, tiles, shard } = result;
  const output = named(result.output, "standard output");
  if (shard !== undefined) return shardLine(output, shard, seconds);
  const rate = plain((width * height) / 1e6 / seconds);
  const took = `${output}: ${megapixels(width, height)} in ${plain(seconds)} s, ${rate} MP/s`;
  const of = ` of ${counted(tiles, "tile")}`;
  const lines = [took];
  if (flat > 0) lines.push(`${flat}${of} ${flat === 1 ? "was" : "were"} flat and copied`);
  if (copied.length > 0) lines.push(`${copied.length}${of} failed and stayed blurry`);
  return lines.join("\n");
}

function shardLine(
  run: string,
  { start, end, of }: NonNullable<RunResult["shard"]>,
  seconds: number,
): string {
  const which = end > start ? `tiles ${start} to ${end - 1} of ${of}` : `no tile of ${of}`;
  return `${run}: ${which} in ${clock(seconds)}`;
}

/** What came of several. */
export function summaryLine({ files, failed }: SummaryCounts, seconds: number): string {
  const done = failed === 0 ? counted(files, "picture") : `${files - failed} of ${files} pictures`;
  return `${done} in ${clock(seconds)}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
