/**
 * Reads a command line into a request. Node splits the words; all error messages are worded here.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { OptionError } from "../errors.ts";
import { completeTable } from "../pipeline/options/complete-options.ts";
import { flagOf, noPipes, type OptionRow } from "../pipeline/options/option-table.ts";
import { nearest } from "../text/nearest.ts";
import type { Call, Command } from "./command.ts";
import { namedCommands, unnamedCommand } from "./commands/commands.ts";
import { topicText } from "./help.ts";
import { topics } from "./help-topics.ts";

/** The request of a command line. */
export type Request =
  | { readonly kind: "version" }
  | { readonly kind: "help"; readonly command: Command }
  | { readonly kind: "topic"; readonly text: string }
  | { readonly kind: "run"; readonly command: Command; readonly call: Call };

/** The words after "deblur": operands and options. */
interface Words {
  readonly operands: readonly string[];
  readonly options: readonly OptionWord[];
}

interface OptionWord {
  readonly name: string;
  /** As it is written. */
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

type Rows = Readonly<Record<string, OptionRow<unknown>>>;

/** Reads the words after "deblur". @throws OptionError naming what was expected */
export function readArguments(argv: readonly string[]): Request {
  const { operands, options } = splitWords(argv);
  if (operands[0] === "help") return readHelp(operands.slice(1));
  const command = commandOf(argv);
  const rows = Object.entries(command.options as Rows);
  const byName = new Map(rows.map(([key, row]) => [nameOf(key), { key, row }]));

  const given: Record<string, unknown> = {};
  for (const word of options) {
    const option = byName.get(word.name);
    if (option === undefined) throw unknownOption(word, [...byName.keys()]);
    given[option.key] = readValue(word, option.row);
  }
  if (given["help"] === true) return { kind: "help", command };
  if (given["version"] === true) return { kind: "version" };

  refuseMistyped(command, operands[0]);
  const rest = readOperands(command, operands.slice(command.name === undefined ? 0 : 1));
  const complete = completeTable(command.options, given, flagOf);
  command.check?.(complete, flagOf);
  return {
    kind: "run",
    command,
    call: { operand: rest[0] ?? "", operands: rest, options: complete },
  };
}

/** The command that the first operand names, else the one without a name. */
export function commandOf(argv: readonly string[]): Command {
  const [first] = splitWords(argv).operands;
  return namedCommands.find(({ name }) => name === first) ?? unnamedCommand;
}

/** Splits the words before the command is known: an option has the same form in all commands. */
function splitWords(argv: readonly string[]): Words {
  const rows = [unnamedCommand, ...namedCommands].flatMap(({ options }) =>
    Object.entries(options as Rows),
  );
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      rows.map(([key, { value, short }]) => [
        nameOf(key),
        {
          type: value === undefined ? "boolean" : "string",
          ...(short === undefined ? {} : { short }),
        },
      ]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  return {
    operands: tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : [])),
    options: tokens.filter((token) => token.kind === "option"),
  };
}

/** An option's name between the dashes and its value. */
function nameOf(key: string): string {
  return flagOf(key).slice(2);
}

/** Reads the words after `deblur help`: nothing, a command or a topic. */
function readHelp([about, extra]: readonly string[]): Request {
  if (about === undefined) return { kind: "help", command: unnamedCommand };
  const command = namedCommands.find(({ name }) => name === about);
  const text = command ? undefined : topicText(about);
  if (extra !== undefined) throw new OptionError(`Expected one topic but received also "${extra}"`);
  if (command) return { kind: "help", command };
  if (text !== undefined) return { kind: "topic", text };
  const names = [...namedCommands.flatMap(({ name }) => name ?? []), ...Object.keys(topics)];
  const meant = nearest(about, names);
  throw new OptionError(
    meant === undefined
      ? `Expected a command or topic for help but received ${JSON.stringify(about)}; topics: ${Object.keys(topics).join(", ")}`
      : `There is no help on ${about}: did you mean deblur help ${meant}?`,
  );
}

/** @throws OptionError where a word is no file and nearly a command's name */
function refuseMistyped(command: Command, operand: string | undefined): void {
  if (command !== unnamedCommand || operand === undefined) return;
  if (!/^[a-z]+$/i.test(operand) || existsSync(operand)) return;
  const meant = nearest(
    operand.toLowerCase(),
    namedCommands.flatMap(({ name }) => name ?? []),
  );
  if (meant === undefined) return;
  throw new OptionError(
    `There is no command and no file ${operand}: did you mean deblur ${meant}?`,
  );
}

function unknownOption({ name, rawName }: OptionWord, names: readonly string[]): OptionError {
  // No letter is nearer to another.
  const meant = rawName.startsWith("--") ? nearest(name, names) : undefined;
  const hint = meant === undefined ? "" : `: did you mean --${meant}?`;
  return new OptionError(`Unknown option ${rawName}${hint}`);
}

function readOperands(
  { operand: expected, several = false }: Command,
  operands: readonly string[],
): readonly string[] {
  const [operand, extra] = operands;
  const surplus = expected === undefined ? operand : several ? undefined : extra;
  if (surplus !== undefined) {
    const most =
      expected === undefined ? "no operand but received" : `one ${expected} but received also`;
    throw new OptionError(`Expected ${most} ${JSON.stringify(surplus)}`);
  }
  if (expected === undefined) return [];
  if (operand === undefined) throw new OptionError(`Expected a ${expected} but received none`);
  if (operand === "-" && !several) throw noPipes(`the ${expected}`);
  if (operands.includes("")) throw new OptionError(`Expected a ${expected} but received ""`);
  return operands;
}

/** The value: true for a switch, a number for digits of a numeric option, else text. */
function readValue({ name, value, inlineValue }: OptionWord, row: OptionRow<unknown>): unknown {
  if (row.value === undefined) {
    if (value === undefined) return true;
    throw new OptionError(`Expected no value for --${name} but received ${JSON.stringify(value)}`);
  }
  // "-o --force" forgot the file; a file of such a name is written --output=--force.
  const forgotten = value !== undefined && inlineValue !== true && /^-[^\d]/.test(value);
  if (value === undefined || forgotten) {
    const received = forgotten ? JSON.stringify(value) : "none";
    throw new OptionError(`Expected a value (${row.value}) for --${name} but received ${received}`);
  }
  return row.numeric === true && /^-?\d+$/.test(value) ? Number(value) : value;
}
