/** Reports a run as JSON, one object a line, for programs. `deblur help progress` lists the fields. */
import { isDeblurError, TileError } from "../../errors.ts";
import { secondsLeft } from "../../text/words.ts";
import type { SubmittedRun } from "../../tools/queue/submit-run.ts";
import type { Reporter, ReporterContext } from "./reporter.ts";

/** Version of the events' form: incremented when a field changes its meaning or is removed. */
const version = 1;

/** Writes one object a line to `stream`. */
export function openJsonLines({ stream, now }: ReporterContext): Reporter {
  const started = now();
  /** The current image, for the events of an image. */
  let input: string | undefined;
  const writeEvent = (event: string, fields: object) => {
    stream.write(`${JSON.stringify({ version, event, ...fields })}\n`);
  };
  const seconds = () => Number((now() - started).toFixed(3));
  /** When the first tile began, and the number of tiles kept from an earlier run. */
  let flowing = started;
  let kept = 0;
  return {
    found({ files, skipped }) {
      const hidden = skipped.filter(({ why }) => why === "hidden").length;
      writeEvent("found", { files, hidden, others: skipped.length - hidden });
      for (const { path, why } of skipped) writeEvent("skipped", { input: path, reason: why });
    },
    skipped: (image) => writeEvent("skipped", { ...image, reason: "exists" }),
    start(plan) {
      input = plan.input;
      flowing = now();
      kept = plan.tilesKept;
      writeEvent("start", plan);
    },
    tile({ tile: { index, core: rect }, tilesDone: done, tilesTotal: tiles, ...passed }) {
      const { copied, flat, sharp = false } = passed;
      const facts = { index, rect, copied: copied !== undefined, flat, sharp, done, tiles };
      const left = secondsLeft(done, tiles, now() - flowing, kept) ?? 0;
      const times = { seconds: seconds(), secondsLeft: Number(left.toFixed(3)) };
      writeEvent("tile", { input, ...facts, ...times });
    },
    note: (message) => writeEvent("note", { input, message }),
    done(result) {
      writeEvent("done", { ...result, seconds: seconds() });
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
      writeEvent("error", { ...image, message, name, exitCode, ...where });
    },
    summary: (counts) => writeEvent("summary", { ...counts, seconds: seconds() }),
    video: {
      start(plan) {
        input = plan.input;
        writeEvent("start", plan);
      },
      frame: ({ framesDone: done, framesTotal: frames }) =>
        writeEvent("frame", { input, done, frames, seconds: seconds() }),
      done(result) {
        writeEvent("done", { ...result, seconds: seconds() });
        input = undefined;
      },
    },
    queue: {
      start: (run) => writeEvent("queued", factsOf(run)),
      progress({ failure: _, problems, ...progress }) {
        writeEvent("queue", { ...progress, problems, seconds: seconds() });
      },
      done: (run) => writeEvent("done", { ...factsOf(run), seconds: seconds() }),
    },
  };
}

/** Without the address: it may hold a password. */
function factsOf({ id, name, kind, output, parts, items, added }: SubmittedRun): object {
  return { run: id, name, kind, output, parts, items, added };
}
