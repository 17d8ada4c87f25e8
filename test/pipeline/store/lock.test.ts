import { expect, test } from "vitest";
import { type FolderLock, isLocked, lockFolder } from "../../../src/pipeline/store/lock.ts";
import type { LockHolder } from "../../../src/pipeline/store/lock-holder.ts";
import { type MemoryDisk, memoryDisk, systemError } from "./memory-disk.ts";

const stale = JSON.stringify({ machine: "", pid: 0, started: "", id: "of nobody" });

/** A lock of nobody who shows that he lives: as old as no lock can be. */
function leaveStale(disk: MemoryDisk): MemoryDisk {
  disk.files.set("/run/lock", new Uint8Array(Buffer.from(stale)));
  return { ...disk, modified: (path) => (path === "/run/lock" ? -1e9 : 0) };
}

const isOurs = (lock: FolderLock | LockHolder): lock is FolderLock => "release" in lock;

test("of two who find the same stale lock, one has the folder", () => {
  let other: FolderLock | LockHolder | undefined;
  const disk = leaveStale(
    memoryDisk((call) => {
      // The other one is quicker: the lock that goes is not the stale one any more.
      if (call === "rename" && other === undefined) {
        other = { machine: "", pid: 0, started: "", id: "about to be locked" };
        other = lockFolder("/run", disk);
      }
      return undefined;
    }),
  );
  const one = lockFolder("/run", disk);
  expect([one, other].map((lock) => lock !== undefined && isOurs(lock))).toEqual([false, true]);
  expect((one as LockHolder).pid).toBe(process.pid);
  expect([...disk.files.keys()]).toEqual(["/run/lock"]);
  (other as FolderLock).release();
  expect([...disk.files.keys()]).toEqual([]);
});

test.each([true, false])("a lock is held until it is released; hard links: %s", (links) => {
  const disk = leaveStale(
    memoryDisk((call) => {
      if (call === "link" && !links) throw systemError("EPERM", "operation not permitted", call);
      return undefined;
    }),
  );
  const lock = lockFolder("/run", disk) as FolderLock;
  expect(isLocked("/run", { ...disk, modified: () => 0 })).toBe(true);
  expect(isOurs(lockFolder("/run", disk))).toBe(false);
  lock.release();
  lock.release();
  const again = lockFolder("/run", disk);
  expect(isOurs(again)).toBe(true);
  // One that is released twice does not take another's away.
  lock.release();
  expect(isOurs(lockFolder("/run", disk))).toBe(false);
  (again as FolderLock).release();
});

test("a folder that was just made may be about to be locked, an old one is not", () => {
  const disk = memoryDisk();
  const at = (made: number): MemoryDisk => ({
    ...disk,
    modified: (path) => (path === "/run" ? made : 1e9),
  });
  expect(isLocked("/run", at(1e9 - 1000))).toBe(true);
  expect(isLocked("/run", at(0))).toBe(false);
});
