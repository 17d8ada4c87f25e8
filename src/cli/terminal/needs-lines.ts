/** What a run will take of memory, disk and time, in lines. */

import type { RunPlan } from "../../pipeline/plan/run-facts.ts";
import { inBytes } from "../../text/byte-size.ts";
import { clock, plain, secondsLeft } from "../../text/words.ts";

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
    ...(disk ? [`disk about ${inBytes(disk.needed)}${free(disk.available)}`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join("; ");
}

function free(available: number | undefined): string {
  return available === undefined ? "" : `, free ${inBytes(available)}`;
}

/** Tiles after which their time says something about the others'. */
const firstTiles = 4;
/** Seconds; what takes less is seen soon enough. */
const long = 60;

/**
 * "about 1:23:45 for 21609 tiles, as the first 4 went (1.9 s a tile)", once, after the first of a run that takes
 * long; none before and afterwards.
 */
export function expectedLine(
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
