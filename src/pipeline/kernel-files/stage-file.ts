/** Bytes in, a file out that has its name only when all is done: written now, published later, or dropped. */
import { access, constants, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { IoError } from "../../errors.ts";
import { assertFree, publish } from "../../io/system/publish.ts";
import { openRunFolder, outputFolderError } from "../../io/system/run-folder.ts";
import { systemCode, systemMessage } from "../../io/system/system-error.ts";

export interface StagedFile {
  /** @throws OutputError, IoError as `publish` of sinks */
  publish(options: { readonly force: boolean }): Promise<void>;
  /** Drops what was not published. Idempotent. */
  remove(): Promise<void>;
}

/**
 * Refuses, before any work, a path where no file can appear.
 * @throws OutputError where something is there and not `force`, or the folder cannot be written
 */
export async function assertStageable(
  path: string,
  options: { readonly force: boolean },
): Promise<void> {
  await assertFree(path, options);
  await access(dirname(path), constants.W_OK).catch((cause: unknown) => {
    throw outputFolderError(path, cause);
  });
}

/**
 * Writes beside `path`, on its disk; the caller removes it.
 * @throws OutputError where the folder cannot be written, IoError where the disk refuses
 */
export async function stageFile(path: string, bytes: Uint8Array): Promise<StagedFile> {
  const folder = await openRunFolder(path);
  const file = join(folder.path, "staged");
  try {
    await writeFile(file, bytes);
  } catch (cause) {
    await folder.remove();
    if (systemCode(cause) === undefined) throw cause;
    throw new IoError(path, systemMessage(cause), { cause });
  }
  return { publish: (options) => publish(file, path, options), remove: folder.remove };
}
