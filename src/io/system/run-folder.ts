/**
 * Makes the folder for what a run has not finished: hidden, beside the output. The last step is then a rename on the
 * same disk, and a killed run leaves its remains where the user sees them.
 */
import { constants, existsSync, rmSync } from "node:fs";
import { access, mkdtemp, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { IoError, OutputError } from "../../errors.ts";
import { systemCode, systemMessage } from "./system-error.ts";

export interface RunFolder {
  readonly path: string;
  /** Deletes the folder with all it holds. Idempotent. */
  remove(): Promise<void>;
}

/** Those of this process that are not removed. */
const present = new Set<string>();

/**
 * Makes a fresh folder beside `outputPath`, named after it; the caller removes it.
 * @throws OutputError where the output's folder is missing or not writable, IoError where the disk fails.
 */
export async function openRunFolder(outputPath: string): Promise<RunFolder> {
  const parent = dirname(outputPath);
  // 60 characters of the name: with the rest it must stay under the 255 bytes of a file name.
  const stem = join(parent, `.${basename(outputPath).slice(0, 60)}.deblur-`);
  const path = await mkdtemp(stem).catch((cause: unknown) => {
    throw outputFolderError(outputPath, cause);
  });
  present.add(path);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true });
      present.delete(path);
    },
  };
}

/** Before any work. @throws OutputError where the output's folder is missing */
export async function assertFolder(outputPath: string): Promise<void> {
  await access(dirname(outputPath), constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    throw outputFolderError(outputPath, cause);
  });
}

/** Deletes every folder of this process at once, for a process that ends without closing anything. */
export function removeRunFolders(): void {
  for (const path of present) {
    try {
      // Threads may still be writing into it.
      rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // There is no later attempt to delete it.
    }
  }
}

/** Why nothing can be made in the folder of `outputPath`, from the system's error. */
export function outputFolderError(outputPath: string, cause: unknown): OutputError | IoError {
  const parent = dirname(outputPath);
  switch (systemCode(cause)) {
    case "ENOENT":
      if (existsSync(parent)) break; // a folder that takes no files, such as /proc
      return new OutputError(outputPath, `the folder ${parent} does not exist; create it first`, {
        cause,
      });
    case "ENOTDIR":
      return new OutputError(outputPath, `${parent} is not a folder`, { cause });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new OutputError(outputPath, `the folder ${parent} is not writable`, { cause });
    default:
      return new IoError(outputPath, systemMessage(cause), { cause });
  }
  return new OutputError(outputPath, `the folder ${parent} takes no new files`, { cause });
}
