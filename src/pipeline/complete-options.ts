/**
 * Some options in, all of them out: each checked by its row of the table, then together, and the defaults
 * for those nobody gave. Nothing is opened before this.
 */
import { OptionError } from "../errors.ts";
import { type CommandOptions, optionTable, step } from "./options.ts";

/** How the command line writes an option: inFlight is --in-flight. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * The options given, checked alone and together, and the defaults of all others. `nameOf` says what the
 * messages call an option. @throws OptionError
 */
export function completeOptions(
  given: Partial<CommandOptions>,
  nameOf: (key: string) => string = (key) => key,
): CommandOptions {
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(optionTable, key)) {
      throw new OptionError(`Expected the name of an option but received ${JSON.stringify(key)}`);
    }
  }
  const options = Object.fromEntries(
    Object.entries(optionTable).map(([key, row]) => {
      const value = given[key as keyof CommandOptions];
      return [key, value === undefined ? row.default : row.check(nameOf(key), value)];
    }),
  ) as unknown as CommandOptions;
  const core = options.tile - 2 * options.halo;
  if (core < step) {
    const sum = `${nameOf("tile")} − 2·${nameOf("halo")}`;
    const received = `${options.tile} − 2·${options.halo} = ${core}`;
    throw new OptionError(`Expected at least ${step} for ${sum} but received ${received}`);
  }
  if (options.json && options.quiet) {
    throw new OptionError(
      `Expected one of ${nameOf("json")}, ${nameOf("quiet")} but received both`,
    );
  }
  return options;
}
