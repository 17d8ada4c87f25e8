/**
 * The words of a command line in, what they ask for out. Node splits them; every refusal is worded here.
 */
import { parseArgs } from "node:util";
import { OptionError } from "../errors.ts";
import { completeOptions, flagOf } from "./complete-options.ts";
import { type CommandOptions, optionTable } from "./options.ts";

/** What a command line asks for. */
export type Command =
  | { readonly kind: "help" | "version" }
  | {
      readonly kind: "deblur";
      readonly input: string;
      readonly output: string;
      readonly options: CommandOptions;
    };

/** Commands to come: as a first operand they are not files. */
const reserved = [
  "train",
  "eval",
  "report",
  "plan",
  "run",
  "assemble",
  "import",
  "export",
  "info",
  "engines",
];

const keys = new Map(Object.keys(optionTable).map((key) => [flagOf(key).slice(2), key]));

/** Reads the words after the command's name. @throws OptionError saying what was expected. */
export function readArguments(argv: readonly string[]): Command {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(optionTable).map(([key, row]) => [
        flagOf(key).slice(2),
        {
          type: row.value === undefined ? "boolean" : "string",
          ...(row.short === undefined ? {} : { short: row.short }),
        },
      ]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const operands = tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  refuseReserved(operands[0]);

  const given: Record<string, unknown> = {};
  for (const token of tokens) {
    if (token.kind === "option") given[keyOf(token.name, token.rawName)] = readValue(token);
  }
  if (given["help"] === true) return { kind: "help" };
  if (given["version"] === true) return { kind: "version" };

  const options = completeOptions(given as Partial<CommandOptions>, flagOf);
  const [input, extra] = operands;
  if (input === undefined) throw new OptionError("Expected a picture to deblur but received none");
  if (extra !== undefined) {
    throw new OptionError(`Expected one picture but received also ${JSON.stringify(extra)}`);
  }
  const { output } = options;
  if (output === undefined) throw new OptionError("Expected --output FILE but received none");
  if (input === "-" || output === "-") {
    throw new OptionError('Expected a path but received "-": this version has no pipes');
  }
  return { kind: "deblur", input, output, options };
}

function refuseReserved(operand: string | undefined): void {
  if (operand === undefined || !reserved.includes(operand)) return;
  throw new OptionError(
    `This version has no command ${operand}; for a file of that name write ./${operand}`,
  );
}

function keyOf(name: string, written: string): string {
  const key = keys.get(name);
  if (key === undefined) throw new OptionError(`Unknown option ${written}`);
  return key;
}

/** True for a switch, a number where digits stand for one, text otherwise. */
function readValue(token: {
  readonly name: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}): unknown {
  const row = optionTable[keyOf(token.name, token.name) as keyof CommandOptions];
  const { value } = token;
  if (row.value === undefined) {
    if (value === undefined) return true;
    throw new OptionError(
      `Expected no value for --${token.name} but received ${JSON.stringify(value)}`,
    );
  }
  // "-o --force" forgot the file; a file of such a name is written --output=--force.
  const forgotten = value !== undefined && token.inlineValue !== true && /^-[^\d]/.test(value);
  if (value === undefined || forgotten) {
    const received = forgotten ? JSON.stringify(value) : "none";
    throw new OptionError(
      `Expected a value (${row.value}) for --${token.name} but received ${received}`,
    );
  }
  return row.numeric === true && /^-?\d+$/.test(value) ? Number(value) : value;
}
