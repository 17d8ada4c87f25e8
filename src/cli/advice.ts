/** Finds what helps after a failed run: the command that resumes it, or an option. */
import { existsSync } from "node:fs";
import { isDeblurError } from "../errors.ts";
import { statePath } from "../io/store/run-state.ts";
import { flagOf } from "../pipeline/options/option-table.ts";
import { ImagesFailedError } from "../text/describe-error.ts";
import { shellWord } from "../text/shell-word.ts";
import type { Request } from "./arguments.ts";

type Run = Request & { readonly kind: "run" };

/** Of sysexits.h: what failed now may succeed later. */
const tryAgain = 75;

/** The end of the error message of a failed run, from its semicolon on; empty where nothing helps. */
export function adviceAfter(request: Run, argv: readonly string[], error: unknown): string {
  const next = resumingCommand(request, argv, error);
  if (next !== undefined) return `; finished tiles are kept, resume with: ${next}`;
  if (!(error instanceof ImagesFailedError)) return "";
  const { skipExisting } = request.call.options as { readonly skipExisting?: boolean };
  const exist = error.failures.every((failure) => isDeblurError(failure, "OutputError"));
  if (!exist || skipExisting !== false) return "";
  return `; ${flagOf("skipExisting")} skips outputs that exist`;
}

/**
 * The command that resumes the run, for a shell; undefined where the same would fail again, or nothing is kept. After
 * an error of memory it has one tile in flight: the number of tiles in flight may change between runs, their size may
 * not.
 */
function resumingCommand(
  { command, call }: Run,
  argv: readonly string[],
  error: unknown,
): string | undefined {
  if (!isDeblurError(error) || error.exitCode !== tryAgain) return undefined;
  const { output, memory } = call.options as { readonly output?: string; readonly memory?: number };
  const planned = command.name === "run";
  const kept = command.name === undefined && output !== undefined && existsSync(statePath(output));
  if (!planned && !kept) return undefined;
  // Under a limit of memory, the size of tiles follows from their number.
  const fewer = isDeblurError(error.cause, "OutOfMemoryError") && memory === undefined;
  return ["deblur", ...(fewer ? withOneInFlight(argv) : argv)].map(shellWord).join(" ");
}

function withOneInFlight(argv: readonly string[]): readonly string[] {
  const flag = flagOf("inFlight");
  const rest = argv.filter(
    (word, i) => word !== flag && argv[i - 1] !== flag && !word.startsWith(`${flag}=`),
  );
  const end = rest.includes("--") ? rest.indexOf("--") : rest.length;
  return rest.toSpliced(end, 0, flag, "1");
}
