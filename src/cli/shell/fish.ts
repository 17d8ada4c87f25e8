/** Writes a fish script that completes commands, options and values, with descriptions. */

import { flagOf } from "../../pipeline/options/option-table.ts";
import type { Command } from "../command.ts";
import { namesOf, optionsOf } from "./option-words.ts";

/** The script: lines of fish's builtin `complete`. */
export function fishCompletion(commands: readonly Command[]): string {
  const names = namesOf(commands).join(" ");
  const lines = commands.flatMap((command) => {
    const { name, summary } = command;
    const condition = name === undefined ? `not __fish_seen_subcommand_from ${names}` : seen(name);
    const itself =
      name === undefined
        ? []
        : [`complete -c deblur -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`];
    const options = optionsOf(command).map(({ key, short, value, words, isPath, help }) =>
      [
        `complete -c deblur -n ${quoted(condition)} -l ${flagOf(key).slice(2)}`,
        ...(short === undefined ? [] : [`-s ${short}`]),
        ...(value === undefined ? [] : [isPath ? "-r -F" : "-x"]),
        ...(words === undefined ? [] : [`-a ${quoted(words.join(" "))}`]),
        `-d ${quoted(help)}`,
      ].join(" "),
    );
    return [...itself, ...options];
  });
  return `# Completes the words of deblur. Made by: deblur completion fish\n${lines.join("\n")}\n`;
}

function seen(name: string): string {
  return `__fish_seen_subcommand_from ${name}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
