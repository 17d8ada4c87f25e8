/** Reports a run by a bar that redraws itself, for a terminal. */
import cliProgress from "cli-progress";
import { clock, plain, secondsLeft, terminalSafe } from "../../text/words.ts";
import { needsLine } from "./needs-lines.ts";
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

/** `stream` must be a terminal. The bar keeps a timer until the run ends. */
export function openBar({ stream, now }: ReporterContext): Reporter {
  const line = (text: string) => void stream.write(`${terminalSafe(text)}\n`);
  const opened = now();
  let begun = opened;
  let started = opened;
  const bar = new cliProgress.SingleBar({
    stream,
    barsize: 30,
    fps: 5,
    clearOnComplete: true,
    // The command handles signals; a listener here would take the first one.
    gracefulExit: false,
    format: ({ barsize = 0 }, { value, total }) =>
      `${place}${barText(value, total, now() - started, barsize, kept)}`,
  });
  let done = 0;
  let total = 0;
  let kept = 0;
  let planned = false;
  let place = "";
  const skips = openSkips(line);
  const show = () => bar.start(total, done);
  const end = () => {
    bar.stop();
    total = 0;
  };
  return {
    found(counts) {
      if (isWorthTelling(counts)) line(foundLine(counts));
    },
    skipped: skips.add,
    start(plan) {
      skips.report();
      place = placeOf(plan);
      // Once: the engine and the options are the same for all images.
      if (!planned) line(`${place}${planLine(plan)}`);
      planned = true;
      const needs = needsLine(plan);
      if (needs !== undefined) line(`${place}${needs}`);
      done = plan.tilesKept;
      kept = plan.tilesKept;
      total = plan.tiles;
      started = now();
      show();
    },
    tile({ tilesDone }) {
      done = tilesDone;
      bar.update(done);
    },
    note(message) {
      bar.stop();
      line(message);
      if (total > 0) show();
    },
    done(result) {
      end();
      line(`${place}${resultLine(result, now() - begun, kept)}`);
      begun = now();
    },
    failed(message, _error, _exitCode, image) {
      end();
      skips.report();
      line(`deblur: ${image ? placeOf(image) : ""}${message}`);
      begun = now();
    },
    summary(counts) {
      if (counts.files > 1) line(summaryLine(counts, now() - opened));
    },
    video: openVideoLines({ stream, now }, { live: true }),
    queue: openQueueLines({ stream, now }, { live: true }),
  };
}

/** "[============------------------]  40 %  120/300 tiles  2.67 tiles/s  1:07 left" */
export function barText(
  done: number,
  tiles: number,
  elapsed: number,
  size: number,
  kept = 0,
): string {
  const full = Math.floor((size * done) / tiles);
  const left = secondsLeft(done, tiles, elapsed, kept);
  const made = done - kept;
  const rate = left === undefined || elapsed === 0 ? "" : `  ${plain(made / elapsed)} tiles/s`;
  const rest = left === undefined ? "" : `  ${clock(left)} left`;
  const bar = `[${"=".repeat(full)}${"-".repeat(size - full)}]`;
  const percent = String(Math.floor((100 * done) / tiles)).padStart(3);
  return `${bar} ${percent} %  ${done}/${tiles} tiles${rate}${rest}`;
}
