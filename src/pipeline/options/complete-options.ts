/**
 * Completes options: checks each by its row of a table, and fills in the defaults of missing ones. Runs before
 * anything is opened.
 */
import { OptionError } from "../../errors.ts";
import { leastHaloOfCells, smallestTileOfCells } from "../../image/tiling/open-grid.ts";
import { type FileOptions, fileOptionTable, tileStep } from "./file-options.ts";
import type { OptionRow, OptionTable } from "./option-table.ts";
import { tileDefaults, usualTile } from "./tile-defaults.ts";

/** Returns the name of an option in messages. */
export type NameOf = (key: string) => string;

/**
 * Returns all options of `table`, each given one checked.
 * @throws OptionError if an option is unknown, has a wrong value, or is required and missing
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

/** Completes the options of one image; checks each alone and all together. @throws OptionError */
export function completeOptions(given: Partial<FileOptions>): FileOptions {
  const sameName: NameOf = (key) => key;
  const options = completeTable(fileOptionTable, given as Record<string, unknown>, sameName);
  checkTogether(options, sameName);
  return options;
}

/** Checks options that depend on one another. @throws OptionError if they contradict */
export function checkTogether(
  options: TileChoice & Pick<FileOptions, "precision" | "engine"> & NetChoice,
  nameOf: NameOf,
): void {
  checkTiles(options, nameOf);
  checkPrecision(options, nameOf);
  checkNet(options, nameOf);
}

/** Checks precision and engine together. @throws OptionError if the engine lacks the precision */
function checkPrecision(
  { precision, engine }: Pick<FileOptions, "precision" | "engine">,
  nameOf: NameOf,
): void {
  if (precision === "float32" || engine === "auto" || engine === "onnx") return;
  throw new OptionError(
    `Expected onnx for ${nameOf("engine")} with ${nameOf("precision")} ${precision} but received ${engine}`,
  );
}

/** Checks the options that a net made elsewhere excludes. @throws OptionError if one of them is given, too */
function checkNet(options: NetChoice, nameOf: NameOf): void {
  if (options.net === undefined) {
    if (options.netRange === undefined) return;
    throw new OptionError(`Expected ${nameOf("net")} with ${nameOf("netRange")} but received none`);
  }
  const { precision, skipSharp } = options;
  const excluded = {
    ...{ weights: options.weights, preset: options.preset, noise: options.noise },
    ...{ kernels: options.kernels, sigma: options.sigma },
    precision: precision === "float32" ? undefined : precision,
    skipSharp: skipSharp === true ? skipSharp : undefined,
  };
  const [found] = Object.entries(excluded).find(([, value]) => value !== undefined) ?? [];
  if (found === undefined) return;
  throw new OptionError(
    `Expected ${nameOf("net")} or ${nameOf(found)} but received both: that net knows no kernels, and has its own weights`,
  );
}

/** Checks tile and halo together, as far as they are given. @throws OptionError if the halo leaves no core */
function checkTiles(
  { scale, tile = usualTile(scale), halo = tileDefaults.halo, net }: TileChoice,
  nameOf: NameOf,
): void {
  // Its own tile and halo are not known yet.
  if (net !== undefined) return;
  if (scale === "auto") checkCells({ tile, halo }, nameOf);
  const most = Math.floor((tile - tileStep) / 2 / tileStep) * tileStep;
  if (halo <= most) return;
  throw new OptionError(
    `Expected at most ${most} for ${nameOf("halo")} with ${nameOf("tile")} ${tile} but received ${halo}`,
  );
}

/** The options that decide which net is used, and how. */
type NetChoice = Partial<
  Pick<
    FileOptions,
    | "net"
    | "netRange"
    | "weights"
    | "preset"
    | "precision"
    | "noise"
    | "kernels"
    | "sigma"
    | "skipSharp"
  >
>;

/** The options that decide the tiles. */
type TileChoice = Pick<FileOptions, "scale" | "tile" | "halo"> & Partial<Pick<FileOptions, "net">>;

/** Checks tile and halo at scale auto. @throws OptionError if a tile has no room for a cell */
function checkCells(
  { tile, halo }: { readonly tile: number; readonly halo: number },
  nameOf: NameOf,
): void {
  const scaled = `with ${nameOf("scale")} auto`;
  if (halo < leastHaloOfCells) {
    throw new OptionError(
      `Expected at least ${leastHaloOfCells} for ${nameOf("halo")} ${scaled} but received ${halo}`,
    );
  }
  const least = smallestTileOfCells(halo);
  if (tile >= least) return;
  throw new OptionError(
    `Expected at least ${least} for ${nameOf("tile")} ${scaled} and ${nameOf("halo")} ${halo} but received ${tile}`,
  );
}
