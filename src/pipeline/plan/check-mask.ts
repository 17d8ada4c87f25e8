/** Checks the path of a mask before anything is opened: it is there, and no output replaces it. */
import { realpath } from "node:fs/promises";
import { NoInputError, OptionError } from "../../errors.ts";
import { isAddress } from "../../io/system/http-bytes.ts";

/** @throws NoInputError if there is no mask at `mask`; OptionError if one of `outputs` would replace it */
export async function checkMask(
  mask: string | undefined,
  outputs: readonly string[],
): Promise<void> {
  if (mask === undefined || isAddress(mask)) return;
  const real = await realpath(mask).catch((cause: unknown) => {
    throw new NoInputError(mask, "no such file", { cause });
  });
  for (const output of outputs) {
    const same = (await realpath(output).catch(() => undefined)) === real;
    if (same)
      throw new OptionError(`Expected an output other than the mask but received ${output}`);
  }
}
