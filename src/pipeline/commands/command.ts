/** What a command is to the command line: its words, and what it does with them. */
import type { OpenEngine } from "../choose-engine.ts";
import type { NameOf } from "../complete-options.ts";
import { flagOf, type OptionRow, type OptionTable, path, toggle } from "../option-table.ts";
import type { Reporter } from "../terminal/reporter.ts";

/** One command. `Options` are those of its table. */
export interface Command<Options extends object = object> {
  /** Its first operand on the command line; the command that deblurs needs none. */
  readonly name: string | undefined;
  /** The one operand it takes besides, in plain words ("picture"); none: it takes none. */
  readonly operand: string | undefined;
  /** How it is written, after "Usage: ". */
  readonly usage: string;
  /** What it does, in a few words for the list of commands. */
  readonly summary: string;
  /** What it does, for its own --help. */
  readonly about: string;
  readonly options: OptionTable<Options>;
  /** Checks the options together. @throws OptionError */
  check?(options: Options, nameOf: NameOf): void;
  /** Resolves when everything is done and closed. @throws any error; the command line tells it */
  run(call: Call<Options>, context: CommandContext): Promise<void>;
}

/** What was asked for. */
export interface Call<Options extends object = object> {
  /** Empty where the command takes none. */
  readonly operand: string;
  readonly options: Options;
}

/** What a command may touch of its process. */
interface CommandContext {
  /** Data goes here, everything else to the reporter. */
  readonly stdout: NodeJS.WritableStream;
  readonly reporter: Reporter;
  /** Aborted by the first signal the process gets. */
  readonly signal: AbortSignal;
  /** Takes the place of the engine the options choose. */
  readonly openEngine?: OpenEngine;
}

/** --output, without which there is nothing to do. */
export function outputRow(help: string, value?: string): OptionRow<string> {
  return { ...path(value), short: "o", required: true, help };
}

export const forceRow: OptionRow<boolean> = {
  ...toggle("f"),
  help: "replace an output that exists",
};

export const jsonRow: OptionRow<boolean> = { ...toggle(), help: "as one JSON object" };

export const helpRow: OptionRow<boolean> = { ...toggle("h"), help: "this text" };

/** `data` as a line of JSON; what is undefined is null. */
export function jsonLine(data: object): string {
  const orNull = (_: string, value: unknown) => (value === undefined ? null : value);
  return `${JSON.stringify({ version: 1, ...data }, orNull)}\n`;
}

/** How to ask for a command's help. */
export function helpFlag({ name }: Command): string {
  return ["deblur", ...(name === undefined ? [] : [name]), flagOf("help")].join(" ");
}
