/**
 * Admits one process at a time to a folder. The lock is a file that names its holder; when the holder is gone, one of
 * the processes that notice takes it over.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { IoError } from "../../errors.ts";
import { type Disk, namingPath, withFile, writeFully } from "./disk.ts";
import {
  isAlive,
  type LockHolder,
  ownHolder,
  readHolder,
  silentMs,
  textOf,
} from "./lock-holder.ts";
import { systemCode } from "./system-error.ts";

export interface FolderLock {
  /** Idempotent. */
  release(): void;
}

/** How often a holder shows that it lives, for those who can only see the lock's age. */
const showMs = 20_000;

/** Takes the lock of a folder that exists; gives back the holder where there is one that lives. @throws IoError */
export function lockFolder(folder: string, disk: Disk): FolderLock | LockHolder {
  const path = join(folder, "lock");
  const own = ownHolder();
  const holder = namingPath(path, () => take(own, path, disk));
  if (holder !== undefined) return holder;
  held.add(own.id);
  const showing = setInterval(() => show(own, path, disk), showMs).unref();
  return {
    release() {
      if (!held.delete(own.id)) return;
      clearInterval(showing);
      if (readHolder(path, disk)?.id === own.id) namingPath(path, () => disk.remove(path));
    },
  };
}

/**
 * True where a process that lives holds the lock of `folder`, or may be about to take it: the folder is new, or going.
 * @throws IoError
 */
export function isLocked(folder: string, disk: Disk): boolean {
  const path = join(folder, "lock");
  const fresh = join(folder, `lock-${randomUUID()}`);
  return namingPath(path, () => {
    try {
      const made = disk.modified(folder);
      withFile(disk, fresh, "wx", () => {});
      try {
        const holder = readHolder(path, disk);
        if (holder !== undefined) return isHeld(holder, path, fresh, disk);
        return disk.modified(fresh) - made < silentMs;
      } finally {
        disk.remove(fresh);
      }
    } catch (error) {
      const cause = error instanceof IoError ? error.cause : error;
      if (systemCode(cause) === "ENOENT") return true;
      throw error;
    }
  });
}

/** Those of this process. */
const held = new Set<string>();

function isHeld(holder: LockHolder, path: string, fresh: string, disk: Disk): boolean {
  return held.has(holder.id) || isAlive(holder, path, fresh, disk);
}

/** The holder that is in the way; undefined: the lock is ours. */
function take(own: LockHolder, path: string, disk: Disk): LockHolder | undefined {
  const draft = `${path}-${own.id}`;
  withFile(disk, draft, "wx", (fd) => writeFully(disk, fd, textOf(own)));
  try {
    while (!placed(own, draft, path, disk)) {
      const holder = readHolder(path, disk);
      if (holder === undefined) continue; // it was released meanwhile
      if (isHeld(holder, path, draft, disk)) return holder;
      removeStale(holder, path, disk);
    }
    return undefined;
  } finally {
    disk.remove(draft);
  }
}

/** Puts the lock in its place, with all it says; false where there is one. */
function placed(own: LockHolder, draft: string, path: string, disk: Disk): boolean {
  try {
    disk.link(draft, path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    if (!noLinks.includes(systemCode(error) ?? "")) throw error;
  }
  try {
    // For a moment it is empty; its age makes it count as held.
    withFile(disk, path, "wx", (fd) => writeFully(disk, fd, textOf(own)));
    return true;
  } catch (error) {
    if (error instanceof Error && systemCode(error.cause) === "EEXIST") return false;
    throw error;
  }
}

/** What disks without hard links say (FAT, some network shares). */
const noLinks: readonly string[] = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/** Two may find the same stale lock: only the one they found is removed, not the one that took its place. */
function removeStale(stale: LockHolder, path: string, disk: Disk): void {
  const aside = `${path}-${randomUUID()}`;
  try {
    disk.rename(path, aside);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return;
    throw error;
  }
  const found = readHolder(aside, disk);
  if (found !== undefined && found.id !== stale.id) placed(found, aside, path, disk);
  disk.remove(aside);
}

/** Writing the same content again sets the time, by the clock of the disk. */
function show(own: LockHolder, path: string, disk: Disk): void {
  try {
    if (readHolder(path, disk)?.id !== own.id) return;
    withFile(disk, path, "r+", (fd) => writeFully(disk, fd, textOf(own)));
  } catch {
    // A disk that is away for a moment costs nothing yet.
  }
}
