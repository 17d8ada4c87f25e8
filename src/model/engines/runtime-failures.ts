/** Describes failures of a runtime: a missing package with the command that installs it, and a lost device. */
import { fileURLToPath } from "node:url";
import { UnavailableError } from "../../errors.ts";

export interface Lack {
  /** A sentence of what cannot be done, without its end: "ONNX Runtime cannot be loaded". */
  readonly problem: string;
  /** In the words of whoever refused, an error or a text. */
  readonly found: unknown;
  readonly needed: string;
  /** Makes it usable, where something does. */
  readonly command?: string | undefined;
}

/** `problem (found); needed: …; command`. */
export function unavailable({ problem, found, needed, command }: Lack): UnavailableError {
  const text = found instanceof Error ? found.message : String(found);
  const [first = ""] = text.trim().split("\n");
  const remedy = command === undefined ? "" : `; ${command}`;
  return new UnavailableError(`${problem} (${first}); needed: ${needed}${remedy}`, {
    cause: found,
  });
}

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

/** Dawn, Direct3D, Vulkan and CUDA each have words of their own for it. */
const words =
  /device (was |is |has been )?(lost|removed|hung)|device_(lost|removed|hung|reset)|CUDA.*(unspecified launch failure|illegal memory access|failure (700|719|999))/i;

/** The tag of the error that tells it: of a lost device, or of any other failure. */
export function lossOf(error: unknown): "DeviceLostError" | "Error" {
  return error instanceof Error && words.test(error.message) ? "DeviceLostError" : "Error";
}
