/** A command line whose run ended before its time in, the one that goes on with what that run has kept out. */
import { existsSync } from "node:fs";
import { isDeblurError } from "../errors.ts";
import { statePath } from "../io/store/run-state.ts";
import { flagOf } from "../pipeline/options/option-table.ts";
import type { Request } from "./arguments.ts";

/** Of sysexits.h: what failed now may come through later. */
const tryAgain = 75;

/**
 * The command that goes on, for a shell; undefined where the same would fail again, or nothing is kept. Where memory
 * did not suffice it has one tile in flight: unlike their size, their number may differ from that of tiles kept.
 */
export function goingOn(
  { command, call }: Request & { readonly kind: "run" },
  argv: readonly string[],
  error: unknown,
): string | undefined {
  if (!isDeblurError(error) || error.exitCode !== tryAgain) return undefined;
  const { output, memory } = call.options as { readonly output?: string; readonly memory?: number };
  const planned = command.name === "run";
  const kept = command.name === undefined && output !== undefined && existsSync(statePath(output));
  if (!planned && !kept) return undefined;
  // With a limit of memory, the size of tiles follows from how many there are.
  const fewer = isDeblurError(error.cause, "OutOfMemoryError") && memory === undefined;
  return ["deblur", ...(fewer ? withOneInFlight(argv) : argv)].map(quoted).join(" ");
}

function withOneInFlight(argv: readonly string[]): readonly string[] {
  const flag = flagOf("inFlight");
  const rest = argv.filter(
    (word, i) => word !== flag && argv[i - 1] !== flag && !word.startsWith(`${flag}=`),
  );
  const end = rest.includes("--") ? rest.indexOf("--") : rest.length;
  return rest.toSpliced(end, 0, flag, "1");
}

/** As a POSIX shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
