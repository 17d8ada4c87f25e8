/** Reports the run of a video: a line that is overwritten on a terminal, a line every few seconds in a log. */
import type { VideoPlan, VideoProgress, VideoResult } from "../../pipeline/video/video-facts.ts";
import { clock, counted, plain, secondsLeft, shownPath, terminalSafe } from "../../text/words.ts";
import type { ReporterContext, VideoReporter } from "./reporter.ts";
import { engineWords, scaleWords } from "./run-lines.ts";

/** Seconds between two lines of a log, and between two updates of a terminal's line. */
const patience = { log: 10, live: 0.2 };

/** `live` where `stream` is a terminal that can move its cursor. */
export function openVideoLines(
  { stream, now }: ReporterContext,
  { live }: { readonly live: boolean },
): VideoReporter {
  let started = now();
  let reported = started;
  return {
    start(plan) {
      started = now();
      reported = started;
      stream.write(`${terminalSafe(videoPlanLine(plan))}\n`);
    },
    frame(progress) {
      if (now() - reported < (live ? patience.live : patience.log)) return;
      reported = now();
      const line = frameLine(progress, reported - started);
      stream.write(live ? `\r\x1b[K${line}` : `${line}\n`);
    },
    done(result) {
      stream.write(
        `${live ? "\r\x1b[K" : ""}${terminalSafe(videoResultLine(result, now() - started))}\n`,
      );
    },
  };
}

/** The plan of a video in one line. */
function videoPlanLine(plan: VideoPlan): string {
  const { engine, preset, tiles } = plan;
  const rate = plan.rate === undefined ? "" : `, ${plain(plan.rate)} fps`;
  const count = plan.frames === undefined ? "" : `, ${plan.frames} frames`;
  const video = `${plan.width}×${plan.height} ${plan.form}${rate}${count}`;
  const device = engineWords(engine);
  const net = preset === undefined ? device : `${device}, preset ${preset}`;
  const split = `${counted(tiles, "tile")} a frame (halo ${plan.halo}${scaleWords(plan)})`;
  const input = shownPath(plan.input, "standard input");
  return `${input}: ${video}; engine ${net}; ${split}, ${counted(plan.framesInFlight, "frame")} in flight`;
}

/** "120/300 frames  2.4 fps  1:15 left" */
function frameLine({ framesDone, framesTotal }: VideoProgress, elapsed: number): string {
  const rate = elapsed === 0 ? "" : `  ${plain(framesDone / elapsed)} fps`;
  if (framesTotal === undefined) return `${framesDone} frames${rate}  ${clock(elapsed)} elapsed`;
  const left = secondsLeft(framesDone, framesTotal, elapsed);
  const rest = left === undefined ? "" : `  ${clock(Math.max(0, left))} left`;
  return `${framesDone}/${framesTotal} frames${rate}${rest}`;
}

/** The result of a video in one line; a second line where tiles were copied. */
function videoResultLine({ output, frames, copied }: VideoResult, seconds: number): string {
  const rate = seconds > 0 ? `, ${plain(frames / seconds)} fps` : "";
  const took = `${shownPath(output, "standard output")}: ${frames} frames in ${plain(seconds)} s${rate}`;
  return copied === 0 ? took : `${took}\n${counted(copied, "tile")} failed and stayed blurry`;
}
