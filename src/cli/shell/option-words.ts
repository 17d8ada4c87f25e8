/** Lists the names and options of commands for the shells' scripts. */

import { flagOf, type OptionRow } from "../../pipeline/options/option-table.ts";
import type { Command } from "../command.ts";

/** A row of a table of options, with its key. */
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

/** The forms of an option: long, then short. */
export function flagsOf({ key, short }: Pick<OptionWords, "key" | "short">): readonly string[] {
  return [flagOf(key), ...(short === undefined ? [] : [`-${short}`])];
}

/** The names of the commands that have one. */
export function namesOf(commands: readonly Command[]): readonly string[] {
  return commands.flatMap(({ name }) => name ?? []);
}
