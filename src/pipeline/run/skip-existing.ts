/**
 * Outputs that exist are passed over where that was asked for, so that the same command goes on with a folder
 * that was not finished. An output appears only when it is complete: one that exists is done.
 */
import { OptionError } from "../../errors.ts";
import { pyramidDescription } from "../../io/sinks/pyramid-parts.ts";
import { isFile } from "../../io/system/paths.ts";
import type { NameOf } from "../options/complete-options.ts";
import type { FileOptions } from "../options/file-options.ts";

/** Everything a call would make beside `output`. */
type Asked = Pick<FileOptions, "kernels" | "sigma" | "pyramid">;

/**
 * True where all that would be made is there, as files. Where only some is, the run finds what is in its way
 * and says so.
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

/** @throws OptionError where outputs that exist are to be passed over and replaced */
export function checkSkipExisting(
  { force, skipExisting }: Pick<FileOptions, "force"> & { readonly skipExisting: boolean },
  nameOf: NameOf,
): void {
  if (!force || !skipExisting) return;
  throw new OptionError(
    `Expected one of ${nameOf("force")}, ${nameOf("skipExisting")} but received both`,
  );
}
