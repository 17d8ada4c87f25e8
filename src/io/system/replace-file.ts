/** Bytes in, a file out that is at every moment the old one or the new one, whole: on disk first, then its name. */
import { rm, writeFile } from "node:fs/promises";
import { IoError } from "../../errors.ts";
import { publish } from "./publish.ts";
import { systemCode, systemMessage } from "./system-error.ts";

/** @throws IoError where the disk refuses; the file at `path` is then what it was */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const unfinished = `${path}.unfinished`;
  try {
    await writeFile(unfinished, content);
    await publish(unfinished, path, { force: true });
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => {});
    if (systemCode(cause) === undefined) throw cause;
    throw new IoError(path, systemMessage(cause), { cause });
  }
}
