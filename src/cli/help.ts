/** Builds the text of --help: a command's options, and for `deblur` itself the commands and topics. */

import { flagOf, type OptionRow } from "../pipeline/options/option-table.ts";
import type { Command } from "./command.ts";
import { namedCommands, unnamedCommand } from "./commands/commands.ts";
import { topics } from "./help-topics.ts";

type Rows = readonly (readonly [key: string, row: OptionRow<unknown>])[];

/** Fits 100 columns and ends with a newline. */
export function helpText(command: Command): string {
  const { usage, about } = command;
  const own = `${about}\n\n${optionTables(command)}`;
  if (command !== unnamedCommand) return `Usage: ${usage}\n\n${own}`;
  const commands = inColumns(namedCommands.map((one) => [shortUsage(one), one.summary]));
  return `Usage: ${usage}
       deblur IN… -o DIR [options]
       deblur COMMAND …

${own}
${examples}
Commands (deblur COMMAND --help lists their options):
${commands}

More to read (deblur help TOPIC):
${inColumns(Object.entries(topics).map(([name, { summary }]) => [name, summary]))}
`;
}

/** The text of `deblur help TOPIC`; undefined: no such topic. Fits 100 columns and ends with a newline. */
export function topicText(name: string): string | undefined {
  const topic = Object.hasOwn(topics, name) ? topics[name] : undefined;
  return topic && `${topic.text}\n`;
}

/** The common options, then the others, if a command has any. */
function optionTables({ options }: Command): string {
  const rows: Rows = Object.entries(options);
  const common = rows.filter(([, { common }]) => common);
  const rest = rows.filter(([, { common }]) => !common);
  const column = Math.max(...rows.map(([key, row]) => written(key, row).length));
  const table = (some: Rows) =>
    inColumns(
      some.map(([key, row]) => [written(key, row), meaning(row)]),
      column,
    );
  const first = `Options [default]:\n${table(common)}\n`;
  return rest.length === 0 ? first : `${first}\nMore options:\n${table(rest)}\n`;
}

/** Pairs of a left and a right text in two columns, a pair a line. */
function inColumns(
  rows: readonly (readonly [left: string, right: string])[],
  widest = Math.max(...rows.map(([left]) => left.length)),
): string {
  return rows.map(([left, right]) => `  ${left.padEnd(widest + 2)}${right}`).join("\n");
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

const examples = `Examples:
  deblur photo.jpg -o sharp.jpg
  deblur scan.tif -o scan-sharp.tif --bits 16
  deblur photos/ -o sharp/                  to resume: --skip-existing
  deblur *.jpg -o sharp/ --format png
  deblur photo.jpg -o sharp.jpg --kernels kernels.png
  curl -s https://example.org/a.jpg | deblur - -o - | convert - -resize 50% small.jpg
  deblur in.mp4 -o out.mp4
`;
