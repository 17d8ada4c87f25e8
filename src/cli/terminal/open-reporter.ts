/** Chooses the reporter of a run: by option, else by where standard error goes. */
import { terminalSafe } from "../../text/words.ts";
import { withFlags } from "../command.ts";
import { openBar } from "./bar.ts";
import { openJsonLines } from "./json-lines.ts";
import { openLines } from "./lines.ts";
import type { Reporter, ReporterContext } from "./reporter.ts";

interface ReporterChoice {
  readonly json: boolean;
  readonly quiet: boolean;
}

/** --json and --quiet first; a bar only on a terminal that can move its cursor; lines otherwise. */
export function openReporter(
  choice: ReporterChoice,
  context: ReporterContext,
  env: Readonly<Record<string, string | undefined>>,
): Reporter {
  const reporter = chosenReporter(choice, context, env);
  return {
    ...reporter,
    note: (message) => reporter.note(withFlags(message)),
    failed: (message, ...rest) => reporter.failed(withFlags(message), ...rest),
  };
}

function chosenReporter(
  { json, quiet }: ReporterChoice,
  context: ReporterContext,
  env: Readonly<Record<string, string | undefined>>,
): Reporter {
  if (json) return openJsonLines(context);
  if (quiet) return openQuiet(context);
  const terminal = "isTTY" in context.stream && context.stream.isTTY === true;
  return terminal && env["TERM"] !== "dumb" ? openBar(context) : openLines(context);
}

/** Writes errors alone. */
function openQuiet({ stream }: ReporterContext): Reporter {
  const silent = () => {};
  return {
    found: silent,
    skipped: silent,
    start: silent,
    tile: silent,
    note: silent,
    done: silent,
    failed: (message) => void stream.write(`deblur: ${terminalSafe(message)}\n`),
    summary: silent,
    video: { start: silent, frame: silent, done: silent },
    queue: { start: silent, progress: silent, done: silent },
  };
}
