/** Reports a run in plain lines, for logs: the plan, a line every 10 %, the result. */

import { clock, secondsLeft, terminalSafe } from "../../text/words.ts";
import { expectedLine, needsLine } from "./needs-lines.ts";
import { openQueueLines } from "./queue-lines.ts";
import type { Reporter, ReporterContext } from "./reporter.ts";
import {
  foundLine,
  isWorthTelling,
  openSkips,
  placeOf,
  planLine,
  resultLine,
  summaryLine,
} from "./run-lines.ts";
import { openVideoLines } from "./video-lines.ts";

/** Seconds; an image of several that takes less has one line. */
const patience = 10;

/** Writes whole lines to `stream`. */
export function openLines({ stream, now }: ReporterContext): Reporter {
  const line = (text: string) => void stream.write(`${terminalSafe(text)}\n`);
  const opened = now();
  let begun = opened;
  let started = opened;
  let reported = opened;
  let tenth = 0;
  let kept = 0;
  let planned = false;
  let place = "";
  const skips = openSkips(line);
  return {
    found(counts) {
      if (isWorthTelling(counts)) line(foundLine(counts));
    },
    skipped: skips.add,
    start(plan) {
      skips.report();
      // The time to open engine and image does not count for tiles.
      started = now();
      reported = started;
      kept = plan.tilesKept;
      tenth = Math.floor((10 * kept) / plan.tiles);
      place = placeOf(plan);
      // Once: the engine and the options are the same for all images.
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
      if (place !== "" && now() - reported < patience) return;
      reported = now();
      line(`${place}${progressLine(done, tiles, now() - started, kept)}`);
    },
    note: line,
    done(result) {
      line(`${place}${resultLine(result, now() - begun, kept)}`);
      begun = now();
    },
    failed(message, _error, _exitCode, image) {
      skips.report();
      line(`deblur: ${image ? placeOf(image) : ""}${message}`);
      begun = now();
    },
    summary(counts) {
      if (counts.files > 1) line(summaryLine(counts, now() - opened));
    },
    video: openVideoLines({ stream, now }, { live: false }),
    queue: openQueueLines({ stream, now }, { live: false }),
  };
}

/** "40 %  120/300 tiles  0:45 elapsed  1:07 left" */
function progressLine(done: number, tiles: number, elapsed: number, kept: number): string {
  const left = secondsLeft(done, tiles, elapsed, kept);
  const percent = Math.floor((100 * done) / tiles);
  const rest = left === undefined || done === tiles ? "" : `  ${clock(left)} left`;
  return `${percent} %  ${done}/${tiles} tiles  ${clock(elapsed)} elapsed${rest}`;
}
