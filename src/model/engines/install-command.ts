/** The command that puts an optional package where this one finds it. */
import { fileURLToPath } from "node:url";

/** What parts a package from the folder it is installed in, on any system. */
const installed = /([^\\/]*)[\\/]node_modules[\\/]rx-deblur[\\/]/;

/** What npm calls the folders that its global node_modules lie in: PREFIX/lib, and AppData\Roaming\npm. */
const globals = ["lib", "npm"];

/**
 * npm's words for it, by where `file` of this package lies: in a project's node_modules, among the packages
 * installed globally (nobody's project), or in a clone. There npm passes over what package.json calls an optional
 * peer, also if asked for by name, unless it is saved as something else.
 */
export function installCommand(
  packages: string,
  file: string = fileURLToPath(import.meta.url),
): string {
  const [, folder] = installed.exec(file) ?? [];
  if (folder === undefined) return `npm install --save-dev ${packages}`;
  return globals.includes(folder) ? `npm install -g ${packages}` : `npm install ${packages}`;
}
