/** Writes a file under a temporary name. The caller publishes it under its own name when the run has succeeded. */
import { access, constants, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { IoError } from "../../errors.ts";
import { assertFree, publish } from "./publish.ts";
import { openRunFolder, outputFolderError } from "./run-folder.ts";
import { systemCode, systemMessage } from "./system-error.ts";

/** A written file that is not published yet. */
export interface UnpublishedFile {
  /** Gives the file its name. @throws OutputError, IoError as `publish` of io/system */
  publish(options: { readonly force: boolean }): Promise<void>;
  /** Removes the file unless it was published. Idempotent. */
  remove(): Promise<void>;
}

/**
 * Checks, before any work, that a file can be published at `path`.
 * @throws OutputError if `path` exists without `force`, or its folder cannot be written
 */
export async function assertPublishable(
  path: string,
  options: { readonly force: boolean },
): Promise<void> {
  await assertFree(path, options);
  await access(dirname(path), constants.W_OK).catch((cause: unknown) => {
    throw outputFolderError(path, cause);
  });
}

/**
 * Writes `bytes` beside `path`, on its disk; the caller removes the file.
 * @throws OutputError if the folder cannot be written; IoError if the disk fails
 */
export async function writeUnpublished(path: string, bytes: Uint8Array): Promise<UnpublishedFile> {
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
