/**
 * Makes a process's own folder in the folder of a run: for a copy of the input and unfinished files. It is removed
 * with the process, or, where that was killed, by the next one.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Disk, namingPath } from "./disk.ts";
import { type FolderLock, isLocked, lockFolder } from "./lock.ts";

export interface WorkFolder {
  readonly path: string;
  /** With all it holds. Idempotent. */
  remove(): void;
}

const prefix = "work-";

/** @throws IoError */
export function openWorkFolder(folder: string, disk: Disk): WorkFolder {
  const path = join(folder, `${prefix}${randomUUID()}`);
  namingPath(path, () => disk.makeFolder(path));
  // No other process knows the name.
  const lock = lockFolder(path, disk) as FolderLock;
  return {
    path,
    remove() {
      try {
        // The lock goes with the folder.
        namingPath(path, () => disk.remove(path));
      } finally {
        lock.release();
      }
    },
  };
}

/** Those of processes that are gone; all of them where no other process may be in `folder`. @throws IoError */
export function removeWorkFolders(
  folder: string,
  disk: Disk,
  { alone }: { readonly alone: boolean },
): void {
  for (const name of namingPath(folder, () => disk.list(folder))) {
    const path = join(folder, name);
    if (!name.startsWith(prefix) || (!alone && isLocked(path, disk))) continue;
    try {
      disk.remove(path);
    } catch {
      // Another process removes it, too.
    }
  }
}
