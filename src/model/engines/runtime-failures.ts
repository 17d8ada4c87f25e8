/** Describes failures of a runtime: a missing package with the command that installs it, and a lost device. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { UnavailableError } from "../../errors.ts";

export interface Lack {
  /** A clause without a full stop: "ONNX Runtime cannot be loaded". */
  readonly problem: string;
  /** The cause: an error, or a text. */
  readonly found: unknown;
  readonly needed: string;
  /** A command that solves the problem, if there is one. */
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

/** Matches the folder in which this package is installed, on any system. */
const installed = /^(.*?([^\\/]*))[\\/]node_modules[\\/]rx-deblur[\\/]/;

/** Names of folders that contain npm's global node_modules: PREFIX/lib, and AppData\Roaming\npm. */
const globals = ["lib", "npm"];

/**
 * The npm command that installs `packages` where this package can load them. It depends on the location of `file`
 * of this package: a project's node_modules, the global node_modules, or a clone. In a clone npm skips optional
 * peers of package.json, even by name, unless they are saved as development dependencies.
 */
export function installCommand(
  packages: string,
  file: string = fileURLToPath(import.meta.url),
): string {
  const [, folder, name] = installed.exec(file) ?? [];
  if (folder === undefined || name === undefined) return `npm install --save-dev ${packages}`;
  // A project may have one of these names; only a project has a package.json.
  const isGlobal = globals.includes(name) && !isProject(folder);
  return isGlobal ? `npm install -g ${packages}` : `npm install ${packages}`;
}

/** Returns true if `folder` has a package.json. */
function isProject(folder: string): boolean {
  try {
    createRequire(import.meta.url).resolve(`${folder}/package.json`);
    return true;
  } catch {
    return false;
  }
}

/** Dawn, Direct3D, Vulkan and CUDA report it with different messages. */
const lossMessages =
  /device (was |is |has been )?(lost|removed|hung)|device_(lost|removed|hung|reset)|CUDA.*(unspecified launch failure|illegal memory access|failure (700|719|999))/i;

/** The tag of the error to report: for a lost device, or for any other failure. */
export function lossOf(error: unknown): "DeviceLostError" | "Error" {
  return error instanceof Error && lossMessages.test(error.message) ? "DeviceLostError" : "Error";
}
