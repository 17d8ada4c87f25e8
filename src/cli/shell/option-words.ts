/** What the shells' scripts are made of: the commands' names, and their options as the tables have them. */

import { flagOf, type OptionRow } from "../../pipeline/options/option-table.ts";
import type { Command } from "../command.ts";

/** A row of a table, and its key. */
export interface OptionWords {
  readonly key: string;
  readonly short: string | undefined;
  readonly value: string | undefined;
  readonly words: readonly string[] | undefined;
  readonly isPath: boolean;
  readonly help: string;
}

/** The options of a command, in the order of --help. */
export function optionsOf({ options }: Command): readonly OptionWords[] {
  const rows: [string, OptionRow<unknown>][] = Object.entries(options);
  return rows.map(([key, { short, value, words, isPath = false, help }]) => ({
    ...{ key, short, value, words, isPath, help },
  }));
}

/** How an option may be written: the long way, then the short one. */
export function flagsOf({ key, short }: Pick<OptionWords, "key" | "short">): readonly string[] {
  return [flagOf(key), ...(short === undefined ? [] : [`-${short}`])];
}

/** The names of those that have one. */
export function namesOf(commands: readonly Command[]): readonly string[] {
  return commands.flatMap(({ name }) => name ?? []);
}
