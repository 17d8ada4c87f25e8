/** Describes the memory, disk and time that a run needs. */

import type { RunPlan } from "../../pipeline/plan/run-facts.ts";
import { inBytes } from "../../text/byte-size.ts";
import { clock, plain, secondsLeft } from "../../text/words.ts";

/** Images of fewer tiles need no line: they are finished soon. */
const worthALine = 32;

/** "memory about 812 MB, at most 2 GB; disk 40.5 GB, free 72.3 GB"; undefined: a small image without a limit. */
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

/** Tiles after which the time of the others can be estimated. */
const firstTiles = 4;
/** Seconds; shorter runs need no estimate. */
const long = 60;

/**
 * "about 1:23:45 left for 21609 tiles, as the first 4 took 1.9 s a tile", once, after the first tiles of a long run;
 * undefined: before and afterwards.
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
  return `about ${clock(left)} left for ${total - done} tiles, as the first ${made} took ${each} s a tile`;
}
