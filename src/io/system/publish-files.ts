/** Small sets of files that are of use only together: all of them appear, complete, or none does. */
import { rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { IoError } from "../../errors.ts";
import { assertFree, publish } from "./publish.ts";
import { openRunFolder } from "./run-folder.ts";
import { systemCode, systemMessage } from "./system-error.ts";

/**
 * Writes `files` (path → bytes), all in one folder and under different names.
 * @throws OutputError where one exists and `force` is not set, or the folder cannot be written; IoError
 *   where the disk refuses. What was published by then is taken back.
 */
export async function publishFiles(
  files: ReadonlyMap<string, Uint8Array>,
  { force }: { readonly force: boolean },
): Promise<void> {
  for (const path of files.keys()) await assertFree(path, { force });
  const [first] = files.keys();
  if (first === undefined) return;
  const folder = await openRunFolder(first);
  const published: string[] = [];
  try {
    for (const [path, bytes] of files) await write(join(folder.path, basename(path)), path, bytes);
    for (const path of files.keys()) {
      await publish(join(folder.path, basename(path)), path, { force });
      published.push(path);
    }
  } catch (error) {
    for (const path of published) await rm(path, { force: true });
    throw error;
  } finally {
    await folder.remove();
  }
}

async function write(file: string, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (cause) {
    throw systemCode(cause) === undefined
      ? cause
      : new IoError(path, systemMessage(cause), { cause });
  }
}
