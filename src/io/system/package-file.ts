/** Finds the folder and the version of this package, from the sources as well as from the build. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";

/** Path of this package's package.json. */
const packageFile: string = createRequire(import.meta.url).resolve("rx-deblur/package.json");

/** The folder of this package: it has `weights/`. */
export const packageFolder: string = dirname(packageFile);

/** The version in package.json. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile, "utf8")) as { version: string }).version;
}
