/**
 * A finished file appears at its final path in one step: on disk first, then its name. Nobody ever sees
 * half an output, and an existing file goes only when that was asked for.
 */
import { link, lstat, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { IoError, OutputError } from "../../errors.ts";
import { systemCode, systemMessage } from "./system-error.ts";

/**
 * Refuses, before any work, a path where the output cannot appear: something that is not a file, or a file
 * without `force`. A symbolic link counts as what it is: `force` replaces the link, not what it points to.
 */
export async function assertFree(
  path: string,
  { force }: { readonly force: boolean },
): Promise<void> {
  const found = await lstat(path).catch((cause: unknown) => {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw new OutputError(path, systemMessage(cause), { cause });
  });
  if (found === undefined) return;
  if (found.isDirectory()) throw new OutputError(path, "is a directory");
  if (!found.isFile() && !found.isSymbolicLink())
    throw new OutputError(path, "exists and is not a regular file");
  if (!force) throw exists(path);
}

/**
 * Moves the finished `file` to `path` on the same disk, flushed. @throws OutputError where something
 * appeared at `path` meanwhile and `force` is not set, IoError where the disk refuses.
 */
export async function publish(
  file: string,
  path: string,
  { force }: { readonly force: boolean },
): Promise<void> {
  try {
    await flush(file);
    if (force) await rename(file, path);
    else await renameIfFree(file, path);
    await flushFolder(dirname(path));
  } catch (cause) {
    if (systemCode(cause) === undefined) throw cause;
    throw new IoError(path, systemMessage(cause), { cause });
  }
}

/** A hard link fails where the name is taken; a rename would replace it. */
async function renameIfFree(file: string, path: string): Promise<void> {
  try {
    // The second name goes with the run's folder.
    await link(file, path);
  } catch (error) {
    if (systemCode(error) === "EEXIST") throw exists(path);
    // Disks without hard links (FAT, some network shares): all that is left is to look first.
    await assertFree(path, { force: false });
    await rename(file, path);
  }
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The name is on disk once its folder is. Some systems cannot flush a folder; the file itself is safe. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  try {
    await handle?.sync().catch(() => undefined);
  } finally {
    await handle?.close();
  }
}

function exists(path: string): OutputError {
  return new OutputError(path, "exists already; --force replaces it");
}
