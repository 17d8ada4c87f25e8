/** Reports a run in a queue: one bar for all its workers on a terminal, a line every 10 % in a log. */

import { clock, counted, secondsLeft, terminalSafe } from "../../text/words.ts";
import type { QueueProgress } from "../../tools/queue/progress-facts.ts";
import type { SubmittedRun } from "../../tools/queue/submit-run.ts";
import type { QueueReporter, ReporterContext } from "./reporter.ts";

const nouns = {
  image: { part: "range", item: "tile" },
  folder: { part: "picture", item: "picture" },
  video: { part: "segment", item: "frame" },
} as const;

const barSize = 30;

/** `live` where `stream` is a terminal that can move its cursor. */
export function openQueueLines(
  { stream, now }: ReporterContext,
  { live }: { readonly live: boolean },
): QueueReporter {
  let started = now();
  /** Done when this process began to watch. */
  let before: number | undefined;
  let tenth = 0;
  let reported = 0;
  let last = "";
  const clear = () => (live && last !== "" ? "\r\x1b[K" : "");
  const line = (text: string) => {
    stream.write(`${clear()}${terminalSafe(text)}\n`);
    last = "";
  };
  return {
    start(run) {
      started = now();
      line(queuedLine(run));
    },
    progress(progress) {
      const { problems, itemsDone: done, items, kind } = progress;
      for (const { message } of problems.slice(reported)) line(`failed: ${message}`);
      reported = Math.max(reported, problems.length);
      before ??= done;
      const left = done === items ? undefined : secondsLeft(done, items, now() - started, before);
      const text = `${progressText(progress, nouns[kind].item)}${left === undefined ? "" : `  ${clock(left)} left`}`;
      if (live) {
        if (text !== last) stream.write(`\r\x1b[K${text}`);
        last = text;
        return;
      }
      const reached = Math.floor((10 * done) / Math.max(1, items));
      if (reached === tenth) return;
      tenth = reached;
      line(text);
    },
    done({ output, items, kind }) {
      line(`${output}: ${counted(items, nouns[kind].item)} in ${clock(now() - started)}`);
    },
  };
}

/** "sharp.tif-0a1b2c3d: 60 tiles in 12 ranges, queue deblur". */
function queuedLine({ id, name, kind, parts, items, added }: SubmittedRun): string {
  const { part, item } = nouns[kind];
  const in_ = part === item ? "" : ` in ${counted(parts, part)}`;
  const there = added ? "" : ", submitted before";
  return `${id}: ${counted(items, item)}${in_}, queue ${name}${there}`;
}

/** "[======----]  40 %  120/300 tiles  3 jobs on 4 workers". */
function progressText(
  { itemsDone, items, working, workers, state }: QueueProgress,
  noun: string,
): string {
  const share = itemsDone / Math.max(1, items);
  const full = Math.floor(barSize * share);
  const bar = `[${"=".repeat(full)}${"-".repeat(barSize - full)}]`;
  const percent = String(Math.floor(100 * share)).padStart(3);
  const who =
    workers === 0 ? "no worker" : `${counted(working, "job")} on ${counted(workers, "worker")}`;
  const end = state === "ending" ? ", making the output" : "";
  return `${bar} ${percent} %  ${itemsDone}/${items} ${noun}s  ${who}${end}`;
}
