/** A run told as JSON, one object a line, for a program to read. `deblur help progress` lists the fields. */
import { isDeblurError, TileError } from "../../errors.ts";
import { secondsLeft } from "../../text/words.ts";
import type { Reporter, ReporterContext } from "./reporter.ts";

/** Of the events' form; goes up when a field changes its meaning or goes away. */
const version = 1;

/** Writes one object a line to `stream`. */
export function openJsonLines({ stream, now }: ReporterContext): Reporter {
  const started = now();
  /** The picture that is worked on, in every event that is about one. */
  let input: string | undefined;
  const tell = (event: string, fields: object) => {
    stream.write(`${JSON.stringify({ version, event, ...fields })}\n`);
  };
  const seconds = () => Number((now() - started).toFixed(3));
  /** When tiles began to flow, and how many were there. */
  let flowing = started;
  let kept = 0;
  return {
    found({ files, skipped }) {
      const hidden = skipped.filter(({ why }) => why === "hidden").length;
      tell("found", { files, hidden, others: skipped.length - hidden });
      for (const { path, why } of skipped) tell("skipped", { input: path, reason: why });
    },
    skipped: (image) => tell("skipped", { ...image, reason: "exists" }),
    start(plan) {
      input = plan.input;
      flowing = now();
      kept = plan.tilesKept;
      tell("start", plan);
    },
    tile({ tile: { index, core: rect }, tilesDone: done, tilesTotal: tiles, ...passed }) {
      const { copied, flat, sharp = false } = passed;
      const facts = { index, rect, copied: copied !== undefined, flat, sharp, done, tiles };
      const left = secondsLeft(done, tiles, now() - flowing, kept) ?? 0;
      const times = { seconds: seconds(), secondsLeft: Number(left.toFixed(3)) };
      tell("tile", { input, ...facts, ...times });
    },
    note: (message) => tell("note", { input, message }),
    done(result) {
      tell("done", { ...result, seconds: seconds() });
      input = undefined;
    },
    failed(message, error, exitCode, image) {
      input = undefined;
      const name = isDeblurError(error)
        ? error._tag
        : error instanceof Error
          ? error.name
          : "Error";
      const where = error instanceof TileError ? { rect: error.rect, stage: error.stage } : {};
      tell("error", { ...image, message, name, exitCode, ...where });
    },
    summary: (counts) => tell("summary", { ...counts, seconds: seconds() }),
    video: {
      start(plan) {
        input = plan.input;
        tell("start", plan);
      },
      frame: ({ framesDone: done, framesTotal: frames }) =>
        tell("frame", { input, done, frames, seconds: seconds() }),
      done(result) {
        tell("done", { ...result, seconds: seconds() });
        input = undefined;
      },
    },
  };
}
