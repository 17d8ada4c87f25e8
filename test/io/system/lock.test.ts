import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { type FolderLock, isLocked, lockFolder } from "../../../src/io/system/lock.ts";
import { type LockHolder, ownHolder } from "../../../src/io/system/lock-holder.ts";
import { needs } from "../../helpers/needs.ts";
import { type MemoryDisk, memoryDisk, systemError } from "../store/memory-disk.ts";

const stale = JSON.stringify({ machine: "", pid: 0, started: "", id: "of nobody" });

/** A lock without a living owner, older than any lock can be. */
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

/** What Linux tells of a process, from its state on. */
function statOf(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

needs("/proc/self/stat", existsSync("/proc/self/stat")).test(
  "a holder that ended is gone before its parent collects it; its parent is not",
  async () => {
    // The shell becomes a program that knows of no child, and asks after none.
    const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"]);
    try {
      const child = await new Promise<number>((resolve) => {
        parent.stdout.once("data", (text) => resolve(Number(text)));
      });
      const lockOf = (pid: number): FolderLock | LockHolder => {
        const disk = memoryDisk();
        const holder = { ...ownHolder(), pid, started: statOf(pid)[19], id: `of ${pid}` };
        disk.files.set("/run/lock", new Uint8Array(Buffer.from(JSON.stringify(holder))));
        return lockFolder("/run", disk);
      };
      const isShell = () => readFileSync(`/proc/${parent.pid}/comm`, "latin1") !== "sleep\n";
      await vi.waitUntil(() => !isShell());
      process.kill(child, "SIGKILL");
      await vi.waitUntil(() => statOf(child)[0] === "Z");
      const taken = lockOf(child);
      expect(isOurs(taken)).toBe(true);
      (taken as FolderLock).release();
      expect(lockOf(parent.pid ?? 0)).toMatchObject({ pid: parent.pid });
    } finally {
      parent.kill("SIGKILL");
    }
  },
);
