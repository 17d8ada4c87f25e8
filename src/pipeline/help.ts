/** The text of `deblur --help`: the table of options, and what a script needs to know. */
import { flagOf } from "./complete-options.ts";
import { type OptionRow, optionTable } from "./options.ts";

/** Fits 100 columns and ends with a newline. */
export function helpText(): string {
  const rows = Object.entries(optionTable).map(([key, row]) => [usage(key, row), meaning(row)]);
  const column = Math.max(...rows.map(([left = ""]) => left.length)) + 2;
  const options = rows.map(([left = "", right = ""]) => `  ${left.padEnd(column)}${right}`);
  return `${before}\n${options.join("\n")}\n${after}`;
}

function usage(key: string, row: OptionRow<unknown>): string {
  const short = row.short === undefined ? "    " : `-${row.short}, `;
  return `${short}${flagOf(key)}${row.value === undefined ? "" : ` ${row.value}`}`;
}

function meaning(row: OptionRow<unknown>): string {
  const { default: value, otherwise } = row;
  const unsaid = otherwise ?? (typeof value === "boolean" ? undefined : value);
  return unsaid === undefined ? row.help : `${row.help} [${unsaid}]`;
}

const before = `Usage: deblur IN -o OUT [options]

Removes motion blur from a picture of any size. IN and OUT are PNG, JPEG or TIFF files; the suffix
of OUT (.png .jpg .jpeg .tif .tiff) says what is written. OUT appears when it is complete, or not
at all.

Options [what holds when nothing is said]:`;

const after = `
Progress goes to standard error: a bar on a terminal, otherwise a line every 10 %. With --json it is
one JSON object a line; each has "version": 1 and "event":
  start  input, output, width, height, channels, bits, engine, preset, tile, halo, inFlight, tiles
  tile   index, rect {x, y, width, height}, copied (left blurry), done, tiles, seconds
  note   message
  done   output, width, height, tiles, copied (a list of rect), seconds
  error  message, name, exitCode; for a tile also rect and stage

Exit codes: 0 done, 1 failed, 2 wrong usage, 65 damaged input or weights, 66 no input,
69 engine or weights not available, 73 output exists or cannot be made, 74 reading or writing
failed, 75 no answer in time (try again), 130 interrupted (SIGINT), 143 ended (SIGTERM).

A first operand that is the name of a command to come (train, eval, report, plan, run, assemble,
import, export, info, engines) is refused; write ./run for a file called run.
`;
