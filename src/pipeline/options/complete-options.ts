/**
 * Some options in, all of them out: each checked by its row of a table, and the defaults for those nobody
 * gave. Nothing is opened before this.
 */
import { OptionError } from "../../errors.ts";
import { type FileOptions, fileOptionTable, step } from "./file-options.ts";
import type { OptionRow, OptionTable } from "./option-table.ts";
import { tileDefaults } from "./tile-defaults.ts";

/** What messages call an option. */
export type NameOf = (key: string) => string;

/**
 * The options of `table`, those given checked one by one.
 * @throws OptionError where one is unknown, cannot have its value, or is required and missing
 */
export function completeTable<Options extends object>(
  table: OptionTable<Options>,
  given: Readonly<Record<string, unknown>>,
  nameOf: NameOf,
): Options {
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(table, key)) {
      throw new OptionError(`Expected the name of an option but received ${JSON.stringify(key)}`);
    }
  }
  const rows: [string, OptionRow<unknown>][] = Object.entries(table);
  const complete = rows.map(([key, row]) => {
    const value = given[key];
    if (value !== undefined) return [key, row.check(nameOf(key), value)];
    if ("default" in row) return [key, row.default];
    throw new OptionError(`Expected ${nameOf(key)} ${row.value} but received none`);
  });
  return Object.fromEntries(complete) as Options;
}

/** The options of one picture, checked alone and together. @throws OptionError */
export function completeOptions(given: Partial<FileOptions>): FileOptions {
  const sameName: NameOf = (key) => key;
  const options = completeTable(fileOptionTable, given as Record<string, unknown>, sameName);
  checkTiles(options, sameName);
  checkPrecision(options, sameName);
  return options;
}

/** @throws OptionError where the engine has no such precision */
export function checkPrecision(
  { precision, engine }: Pick<FileOptions, "precision" | "engine">,
  nameOf: NameOf,
): void {
  if (precision === "float32" || engine === "auto" || engine === "onnx") return;
  throw new OptionError(
    `Expected onnx for ${nameOf("engine")} with ${nameOf("precision")} ${precision} but received ${engine}`,
  );
}

/** @throws OptionError where the halo leaves nothing of a tile */
export function checkTiles(
  { tile = tileDefaults.tile, halo }: Pick<FileOptions, "tile" | "halo">,
  nameOf: NameOf,
): void {
  const core = tile - 2 * halo;
  if (core >= step) return;
  const sum = `${nameOf("tile")} − 2·${nameOf("halo")}`;
  const received = `${tile} − 2·${halo} = ${core}`;
  throw new OptionError(`Expected at least ${step} for ${sum} but received ${received}`);
}
