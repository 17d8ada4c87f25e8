/** Declares a command: its name, its options, its help and its function. */
import type { Writable } from "node:stream";
import type { OpenEngine } from "../pipeline/engines/choose-engine.ts";
import type { NameOf } from "../pipeline/options/complete-options.ts";
import {
  flagOf,
  type OptionRow,
  type OptionTable,
  path,
  toggle,
} from "../pipeline/options/option-table.ts";
import type { Reporter } from "./terminal/reporter.ts";

/** One command. `Options` are those of its table. */
export interface Command<Options extends object = object> {
  /** The first operand on the command line; undefined: the command that deblurs. */
  readonly name: string | undefined;
  /** The operand's kind, for messages ("picture"); undefined: the command takes none. */
  readonly operand: string | undefined;
  /** It takes one operand or more; "-" is one. */
  readonly several?: boolean;
  /** Its form, after "Usage: ". */
  readonly usage: string;
  /** A few words for the list of commands. */
  readonly summary: string;
  /** The text of its own --help. */
  readonly about: string;
  readonly options: OptionTable<Options>;
  /** Checks the options together. @throws OptionError */
  check?(options: Options, nameOf: NameOf): void;
  /** Resolves when everything is done and closed. @throws any error, which the command line reports */
  run(call: Call<Options>, context: CommandContext): Promise<void>;
}

/** The operands and options of one call. */
export interface Call<Options extends object = object> {
  /** The first operand; empty where the command takes none. */
  readonly operand: string;
  readonly operands: readonly string[];
  readonly options: Options;
}

/** The streams, the signal and the engine that a command uses. */
export interface CommandContext {
  /** Takes data; messages go to the reporter. */
  readonly stdout: Writable;
  readonly reporter: Reporter;
  /** Aborted by the first signal of the process. */
  readonly signal: AbortSignal;
  /** Replaces the engine that the options choose. */
  readonly openEngine?: OpenEngine;
}

/** --output, which is required. */
export function outputRow(
  help: string,
  value?: string,
  options?: { readonly pipe: boolean },
): OptionRow<string> {
  return { ...path(value, options), short: "o", required: true, common: true, help };
}

export const forceRow: OptionRow<boolean> = {
  ...toggle("f"),
  common: true,
  help: "replace an output that exists",
};

export const jsonRow: OptionRow<boolean> = {
  ...toggle(),
  common: true,
  help: "print one JSON object",
};

export const helpRow: OptionRow<boolean> = {
  ...toggle("h"),
  common: true,
  help: "print this text",
};

/** `data` as a line of JSON; undefined becomes null. */
export function jsonLine(data: object): string {
  const orNull = (_: string, value: unknown) => (value === undefined ? null : value);
  return `${JSON.stringify({ version: 1, ...data }, orNull)}\n`;
}

/** Writes the options that a message of the library names in backticks as flags: `inFlight` becomes --in-flight. */
export function withFlags(message: string): string {
  return message.replace(/`([a-z]+(?:[A-Z][a-z]+)*)`/g, (_, key: string) => flagOf(key));
}

/** The command line that prints a command's help. */
export function helpFlag({ name }: Command): string {
  return ["deblur", ...(name === undefined ? [] : [name]), flagOf("help")].join(" ");
}
