/** Which of the reporters hears a run: asked for by option, or told by where standard error goes. */
import { openBar } from "./bar.ts";
import { openJsonLines } from "./json-lines.ts";
import { openLines } from "./lines.ts";
import type { Reporter, ReporterContext } from "./reporter.ts";

/** --json and --quiet first; a bar only on a terminal that can move its cursor; lines otherwise. */
export function openReporter(
  choice: { readonly json: boolean; readonly quiet: boolean },
  context: ReporterContext,
  env: Readonly<Record<string, string | undefined>>,
): Reporter {
  if (choice.json) return openJsonLines(context);
  if (choice.quiet) return openQuiet(context);
  const terminal = "isTTY" in context.stream && context.stream.isTTY === true;
  return terminal && env["TERM"] !== "dumb" ? openBar(context) : openLines(context);
}

/** Nothing but what went wrong. */
function openQuiet({ stream }: ReporterContext): Reporter {
  const silent = () => {};
  return {
    found: silent,
    skipped: silent,
    start: silent,
    tile: silent,
    note: silent,
    done: silent,
    failed: (message) => void stream.write(`deblur: ${message}\n`),
    summary: silent,
    video: { start: silent, frame: silent, done: silent },
  };
}
