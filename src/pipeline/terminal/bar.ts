/** A run told by a bar that redraws itself, for a person at a terminal. */
import cliProgress from "cli-progress";
import { planLine, resultLine } from "./lines.ts";
import type { Reporter, ReporterContext } from "./reporter.ts";
import { clock, plain, secondsLeft } from "./words.ts";

/** `stream` must be a terminal. The bar keeps a timer until the run is done or failed. */
export function openBar({ stream, now }: ReporterContext): Reporter {
  const line = (text: string) => void stream.write(`${text}\n`);
  const opened = now();
  let started = opened;
  const bar = new cliProgress.SingleBar({
    stream,
    barsize: 30,
    fps: 5,
    clearOnComplete: true,
    // Signals are the command's; a listener here would take the first one away from it.
    gracefulExit: false,
    format: ({ barsize = 0 }, { value, total }) => barText(value, total, now() - started, barsize),
  });
  let done = 0;
  let total = 0;
  const show = () => bar.start(total, done);
  return {
    start(plan) {
      line(planLine(plan));
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
      bar.stop();
      line(resultLine(result, now() - opened));
    },
    failed(message) {
      bar.stop();
      line(`deblur: ${message}`);
    },
  };
}

/** "[============------------------]  40 %  120/300 tiles  2.67 tiles/s  1:07 left" */
export function barText(done: number, tiles: number, elapsed: number, size: number): string {
  const full = Math.floor((size * done) / tiles);
  const left = secondsLeft(done, tiles, elapsed);
  const rate = left === undefined || elapsed === 0 ? "" : `  ${plain(done / elapsed)} tiles/s`;
  const rest = left === undefined ? "" : `  ${clock(left)} left`;
  const bar = `[${"=".repeat(full)}${"-".repeat(size - full)}]`;
  const percent = String(Math.floor((100 * done) / tiles)).padStart(3);
  return `${bar} ${percent} %  ${done}/${tiles} tiles${rate}${rest}`;
}
