/**
 * Declares the rows of an option table. A row holds how an option is written, its values, its default and its --help
 * text. Tables of several commands share rows.
 */
import { integer, invalid, oneOf } from "../../check.ts";
import { OptionError } from "../../errors.ts";

/** How one option is written, its meaning and its values. */
interface OptionForm<T> {
  /** One letter. */
  readonly short?: string;
  /** The placeholder of the value in --help; a switch has none. */
  readonly value?: string;
  /** All allowed values, for an option with a few. */
  readonly words?: readonly string[];
  /** The value is a path. */
  readonly isPath?: boolean;
  /** The command line converts digits to a number. */
  readonly numeric?: boolean;
  /** --help lists the option first, among the common ones. */
  readonly common?: boolean;
  /** Describes the default in --help, if it is decided later. */
  readonly otherwise?: string;
  readonly help: string;
  /** Returns the value in its type. @throws OptionError unless the option allows `value` */
  check(name: string, value: unknown): T;
}

/** One row of a table: with a default, or required. */
export type OptionRow<T> = OptionForm<T> & ({ readonly default: T } | { readonly required: true });

/** One row per option, in the order of --help. */
export type OptionTable<Options> = {
  readonly [Key in keyof Options]-?: OptionRow<Options[Key]>;
};

/** Options whose flag is longer than their name. */
const flags: Readonly<Record<string, string>> = { timeout: "tile-timeout" };

/** Returns an option's flag on the command line: inFlight is --in-flight. */
export function flagOf(key: string): string {
  return `--${flags[key] ?? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

type Kind<T> = Omit<OptionForm<T>, "help">;

/** Declares a switch that is off by default. */
export function toggle(short?: string): Kind<boolean> & { readonly default: false } {
  return {
    ...(short === undefined ? {} : { short }),
    default: false,
    check(name, value) {
      if (typeof value === "boolean") return value;
      throw invalid(name, "true or false", value);
    },
  };
}

/** Declares an integer in [min, max], a multiple of `multiple`. */
export function upTo(min: number, max: number, multiple = 1): Kind<number> {
  return {
    value: "N",
    numeric: true,
    check: (name, value) => integer(name, value, min, max, multiple),
  };
}

/** Declares a choice between words. */
export function choice<const T extends string>(words: readonly T[], value = "NAME"): Kind<T> {
  return { value, words, check: (name, given) => oneOf(name, given, words) };
}

/** Declares a text that is not empty. */
export function word(value: string): Kind<string> {
  return {
    value,
    check(name, given) {
      if (typeof given === "string" && given !== "") return given;
      throw invalid(name, "a word", given);
    },
  };
}

/** Declares a path; `pipe` allows "-". */
export function path(
  value = "FILE",
  { pipe }: { readonly pipe: boolean } = { pipe: false },
): Kind<string> {
  return {
    value,
    isPath: true,
    check(name, given) {
      if (typeof given !== "string" || given === "") throw invalid(name, "a path", given);
      if (given === "-" && !pipe) throw noPipes(name);
      return given;
    },
  };
}

/** Returns the error for a path "-" given as `name`. */
export function noPipes(name: string): OptionError {
  return new OptionError(
    `Expected a path for ${name} but received "-": only pictures go through pipes; for a file named - write ./-`,
  );
}
