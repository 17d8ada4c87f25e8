/** The text of --help: a command's table of options, and of `deblur` itself what a script needs to know. */
import type { Command } from "./commands/command.ts";
import { namedCommands, reservedNames, unnamedCommand } from "./commands/commands.ts";
import { flagOf, type OptionRow } from "./option-table.ts";

/** Fits 100 columns and ends with a newline. */
export function helpText(command: Command): string {
  const { usage, about, options } = command;
  const rows = Object.entries(options as Readonly<Record<string, OptionRow<unknown>>>);
  const table = inColumns(rows.map(([key, row]) => [written(key, row), meaning(row)]));
  const own = `${about}\n\nOptions [what holds when nothing is said]:\n${table}\n`;
  if (command !== unnamedCommand) return `Usage: ${usage}\n\n${own}`;
  const commands = inColumns(namedCommands.map((one) => [shortUsage(one), one.summary]));
  return `Usage: ${usage}\n       deblur COMMAND …\n\n${own}\nCommands (deblur COMMAND --help tells their options):\n${commands}\n${after}`;
}

/** Pairs of a left and a right text, one a line, the right ones below each other. */
function inColumns(rows: readonly (readonly [left: string, right: string])[]): string {
  const column = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(column)}${right}`).join("\n");
}

function shortUsage({ usage }: Command): string {
  return usage.replace(/^deblur /, "").replace(/ \[options\]$/, "");
}

function written(key: string, row: OptionRow<unknown>): string {
  const short = row.short === undefined ? "    " : `-${row.short}, `;
  return `${short}${flagOf(key)}${row.value === undefined ? "" : ` ${row.value}`}`;
}

function meaning(row: OptionRow<unknown>): string {
  const value = "default" in row ? row.default : undefined;
  const unsaid = row.otherwise ?? (typeof value === "boolean" ? undefined : value);
  return unsaid === undefined ? row.help : `${row.help} [${unsaid}]`;
}

const after = `
Progress goes to standard error: a bar on a terminal, otherwise a line every 10 %. With --json it is
one JSON object a line; each has "version": 1 and "event":
  start  input, output, width, height, channels, bits, radiometry {colours, range, …}, engine,
         preset, tile, halo, inFlight, tiles
  tile   index, rect {x, y, width, height}, copied (left blurry), flat (nothing to
         restore), done, tiles, seconds
  note   message
  done   output, width, height, tiles, copied (a list of rect), flat (a count), seconds
  error  message, name, exitCode; for a tile also rect and stage
What commands print goes to standard output.

Exit codes: 0 done, 1 failed, 2 wrong usage, 65 damaged input or weights, 66 no input,
69 engine or weights not available, 73 output exists or cannot be made, 74 reading or writing
failed, 75 no answer in time (try again), 130 interrupted (SIGINT), 143 ended (SIGTERM).

A first operand that is a command's name is that command. Names of commands to come
(${reservedNames.join(", ")}) are refused; write ./run for a file called run.
`;
