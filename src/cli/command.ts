/** What a command is to the command line: its words, and what it does with them. */
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
  /** Its first operand on the command line; the command that deblurs needs none. */
  readonly name: string | undefined;
  /** What it takes besides, in plain words ("picture"); none: it takes no operand. */
  readonly operand: string | undefined;
  /** It takes any number of them, but at least one; "-" is one. */
  readonly several?: boolean;
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
  /** The first one; empty where the command takes none. */
  readonly operand: string;
  readonly operands: readonly string[];
  readonly options: Options;
}

/** What a command may touch of its process. */
export interface CommandContext {
  /** Data goes here, everything else to the reporter. */
  readonly stdout: Writable;
  readonly reporter: Reporter;
  /** Aborted by the first signal the process gets. */
  readonly signal: AbortSignal;
  /** Takes the place of the engine the options choose. */
  readonly openEngine?: OpenEngine;
}

/** --output, without which there is nothing to do. */
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
  help: "as one JSON object",
};

export const helpRow: OptionRow<boolean> = { ...toggle("h"), common: true, help: "this text" };

/** `data` as a line of JSON; what is undefined is null. */
export function jsonLine(data: object): string {
  const orNull = (_: string, value: unknown) => (value === undefined ? null : value);
  return `${JSON.stringify({ version: 1, ...data }, orNull)}\n`;
}

/** Writes the options that a message of the library names in backticks as flags: `inFlight` becomes --in-flight. */
export function withFlags(message: string): string {
  return message.replace(/`([a-z]+(?:[A-Z][a-z]+)*)`/g, (_, key: string) => flagOf(key));
}

/** How to ask for a command's help. */
export function helpFlag({ name }: Command): string {
  return ["deblur", ...(name === undefined ? [] : [name]), flagOf("help")].join(" ");
}
