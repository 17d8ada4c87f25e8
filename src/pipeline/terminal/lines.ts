/** A run told in plain lines: what was chosen, a line every 10 %, what came of it. For logs. */
import type { RunPlan, RunResult } from "../run-facts.ts";
import type { Reporter, ReporterContext } from "./reporter.ts";
import { clock, megapixels, plain, secondsLeft } from "./words.ts";

/** Writes whole lines to `stream`. */
export function openLines({ stream, now }: ReporterContext): Reporter {
  const line = (text: string) => void stream.write(`${text}\n`);
  const opened = now();
  let started = opened;
  let tenth = 0;
  return {
    start(plan) {
      // Opening engine and picture says nothing about how long tiles take.
      started = now();
      line(planLine(plan));
    },
    tile({ tilesDone: done, tilesTotal: tiles }) {
      const reached = Math.floor((10 * done) / tiles);
      if (reached === tenth) return;
      tenth = reached;
      line(progressLine(done, tiles, now() - started));
    },
    note: line,
    done: (result) => line(resultLine(result, now() - opened)),
    failed: (message) => line(`deblur: ${message}`),
  };
}

/** Nothing but what went wrong. */
export function openQuiet({ stream }: ReporterContext): Reporter {
  const silent = () => {};
  return {
    start: silent,
    tile: silent,
    note: silent,
    done: silent,
    failed: (message) => void stream.write(`deblur: ${message}\n`),
  };
}

/** What was chosen, in one line. */
export function planLine(plan: RunPlan): string {
  const { engine, preset } = plan;
  const size = `${plan.width}×${plan.height}, ${plan.channels} × ${plan.bits} bits`;
  const net = preset === undefined ? engine.engine : `${engine.engine}, preset ${preset}`;
  const tiles = `${counted(plan.tiles, "tile")} of ${plan.tile} (halo ${plan.halo})`;
  return `${plan.input}: ${size}; engine ${net}; ${tiles}, ${plan.inFlight} in flight`;
}

/** "40 %  120/300 tiles  0:45 elapsed  1:07 left" */
function progressLine(done: number, tiles: number, elapsed: number): string {
  const left = secondsLeft(done, tiles, elapsed);
  const percent = Math.floor((100 * done) / tiles);
  const rest = left === undefined || done === tiles ? "" : `  ${clock(left)} left`;
  return `${percent} %  ${done}/${tiles} tiles  ${clock(elapsed)} elapsed${rest}`;
}

/** What came of it, in one line; further ones where tiles were left as they were. */
export function resultLine(result: RunResult, seconds: number): string {
  const { output, width, height, copied, flat, tiles } = result;
  const rate = plain((width * height) / 1e6 / seconds);
  const took = `${output}: ${megapixels(width, height)} in ${plain(seconds)} s, ${rate} MP/s`;
  const of = ` of ${counted(tiles, "tile")}`;
  const lines = [took];
  if (flat > 0) lines.push(`${flat}${of} ${flat === 1 ? "was" : "were"} flat and copied`);
  if (copied.length > 0) lines.push(`${copied.length}${of} failed and stayed blurry`);
  return lines.join("\n");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
