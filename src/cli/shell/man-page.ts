/** Writes the manual page: the texts of --help and its topics, for man(1). */

import { flagOf, type OptionRow } from "../../pipeline/options/option-table.ts";
import type { Command } from "../command.ts";
import { topics } from "../help-topics.ts";

/** The page in the language of man(7). */
export function manPage(commands: readonly Command[], version: string): string {
  const unnamed = commands.filter(({ name }) => name === undefined);
  const named = commands.filter(({ name }) => name !== undefined);
  return [
    `.TH DEBLUR 1 "" "rx-deblur ${version}"`,
    '.\\" Made from the table of options: npm pack',
    ".SH NAME",
    ...unnamed.map(({ summary }) => plain(`deblur - ${summary}`)),
    ".SH SYNOPSIS",
    ...[...unnamed, ...named].flatMap(({ usage }) => [plain(usage), ".br"]).slice(0, -1),
    ".SH DESCRIPTION",
    ...unnamed.map(({ about }) => plain(about)),
    ".SH OPTIONS",
    ...unnamed.flatMap(optionsOf),
    ".SH COMMANDS",
    ...named.flatMap((command) => [
      `.SS "${plain(command.usage)}"`,
      ...asItStands(command.about),
      ...optionsOf(command),
    ]),
    ...Object.entries(topics).flatMap(([name, { text }]) => [
      `.SH ${name.replaceAll("-", " ").toUpperCase()}`,
      ...asItStands(text),
    ]),
    "",
  ].join("\n");
}

function optionsOf({ options }: Command): readonly string[] {
  const rows: [string, OptionRow<unknown>][] = Object.entries(options);
  return rows.flatMap(([key, row]) => {
    const short = row.short === undefined ? "" : `\\fB${plain(`-${row.short}`)}\\fR, `;
    const value = row.value === undefined ? "" : ` \\fI${plain(row.value)}\\fR`;
    return [".TP", `${short}\\fB${plain(flagOf(key))}\\fR${value}`, plain(meaning(row))];
  });
}

/** An option's help with its default, if it has one. */
function meaning(row: OptionRow<unknown>): string {
  const value = "default" in row && typeof row.default !== "boolean" ? row.default : undefined;
  // Defaults that depend on the machine are left out.
  const unsaid = row.otherwise ?? value;
  return unsaid === undefined ? row.help : `${row.help} [${unsaid}]`;
}

/** Lines that man does not refill. */
function asItStands(text: string): readonly string[] {
  return [".nf", plain(text), ".fi"];
}

/** Escapes the characters that are special in man: backslash, hyphen, and a leading full stop or quote. */
function plain(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^(?=[.'])/gm, "\\&");
}
