/**
 * Puts finished files at their final paths in one step: on disk first, then their names. No reader ever sees half
 * an output, and an existing file is replaced only with `force`.
 */
import { link, lstat, open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { IoError, OutputError } from "../../errors.ts";
import { openRunFolder } from "./run-folder.ts";
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
  return new OutputError(path, "exists already; `force` replaces it");
}

/**
 * Writes `files` (path → bytes) that are of use only together: all of them appear, or none does. All in one folder and under different names.
 * @throws OutputError where one exists and `force` is not set, or the folder cannot be written; IoError
 *   where the disk refuses. Files published by then are removed.
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
    for (const [path, bytes] of files)
      await writeDraft(join(folder.path, basename(path)), path, bytes);
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

async function writeDraft(file: string, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (cause) {
    throw systemCode(cause) === undefined
      ? cause
      : new IoError(path, systemMessage(cause), { cause });
  }
}

/**
 * Replaces the file at `path`, which is at every moment the old one or the new one, whole.
 * @throws IoError where the disk refuses; the file at `path` is then what it was
 */
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
