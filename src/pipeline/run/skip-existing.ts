/**
 * Skips outputs that exist, on request, so that the same command resumes an unfinished folder. An output appears only
 * when it is complete, so an existing one is finished.
 */
import { OptionError } from "../../errors.ts";
import { pyramidDescription } from "../../io/sinks/pyramid-parts.ts";
import { isFile } from "../../io/system/paths.ts";
import type { NameOf } from "../options/complete-options.ts";
import type { FileOptions } from "../options/file-options.ts";

/** The options that name files beside `output`. */
type Asked = Pick<FileOptions, "kernels" | "sigma" | "pyramid">;

/**
 * Returns true if `output` and all files beside it exist as files. If only some exist, the run itself reports the one
 * in its way.
 */
export async function isMade(
  output: string,
  { kernels, sigma, pyramid }: Partial<Asked>,
): Promise<boolean> {
  if (output === "-") return false;
  const besides = [kernels, sigma, pyramid && pyramidDescription(output)];
  for (const path of [output, ...besides]) {
    if (path !== undefined && !(await isFile(path))) return false;
  }
  return true;
}

/** @throws OptionError if existing outputs are to be both skipped and replaced */
export function checkSkipExisting(
  { force, skipExisting }: Pick<FileOptions, "force"> & { readonly skipExisting: boolean },
  nameOf: NameOf,
): void {
  if (!force || !skipExisting) return;
  throw new OptionError(
    `Expected one of ${nameOf("force")}, ${nameOf("skipExisting")} but received both`,
  );
}
