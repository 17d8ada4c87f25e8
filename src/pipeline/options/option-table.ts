/**
 * What a table of options is made of. A row says once how an option is written, what it may be, what it is
 * when nobody says, and the words of --help; tables of several commands share rows.
 */
import { integer, invalid, oneOf } from "../../check.ts";
import { OptionError } from "../../errors.ts";

/** How one option is written, what it means and may be. */
interface OptionForm<T> {
  /** One letter. */
  readonly short?: string;
  /** What --help calls the value; a switch has none. */
  readonly value?: string;
  /** All it may be, where that is a few words. */
  readonly words?: readonly string[];
  /** It is a path. */
  readonly isPath?: boolean;
  /** Digits on the command line are a number. */
  readonly numeric?: boolean;
  /** One of the few that --help shows first. */
  readonly common?: boolean;
  /** The default in words, where it is decided later. */
  readonly otherwise?: string;
  readonly help: string;
  /** @throws OptionError if `value` is not one this option can have. */
  check(name: string, value: unknown): T;
}

/** One row of a table: with a default, or required. */
export type OptionRow<T> = OptionForm<T> & ({ readonly default: T } | { readonly required: true });

/** A row for each option, in the order of --help. */
export type OptionTable<Options> = {
  readonly [Key in keyof Options]-?: OptionRow<Options[Key]>;
};

/** Options whose flag says more than their name. */
const flags: Readonly<Record<string, string>> = { timeout: "tile-timeout" };

/** How the command line writes an option: inFlight is --in-flight. */
export function flagOf(key: string): string {
  return `--${flags[key] ?? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

type Kind<T> = Omit<OptionForm<T>, "help">;

/** A switch; off unless said. */
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

/** An integer in [min, max], a multiple of `multiple`. */
export function upTo(min: number, max: number, multiple = 1): Kind<number> {
  return {
    value: "N",
    numeric: true,
    check: (name, value) => integer(name, value, min, max, multiple),
  };
}

/** One of some words. */
export function choice<const T extends string>(words: readonly T[], value = "NAME"): Kind<T> {
  return { value, words, check: (name, given) => oneOf(name, given, words) };
}

/** Any text. */
export function word(value: string): Kind<string> {
  return {
    value,
    check(name, given) {
      if (typeof given === "string" && given !== "") return given;
      throw invalid(name, "a word", given);
    },
  };
}

/** A path; `pipe` allows "-" as one. */
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

/** The error for a path "-" given as `name`. */
export function noPipes(name: string): OptionError {
  return new OptionError(
    `Expected a path for ${name} but received "-": only pictures go through pipes; for a file of that name write ./-`,
  );
}
