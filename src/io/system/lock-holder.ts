/**
 * Identifies the process that holds a lock, and whether it lives: by asking the system on the same machine, by the
 * age of the lock on any other.
 */
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { type Disk, readWholeFile } from "./disk.ts";
import { systemCode } from "./system-error.ts";

export interface LockHolder {
  readonly machine: string;
  readonly pid: number;
  /** When the process began, in the system's own terms: a process number is used again. */
  readonly started: string;
  readonly id: string;
}

/** A holder on another machine that has not shown itself for so long is gone. */
export const silentMs = 120_000;

/** This process, as the holder of one more lock. */
export function ownHolder(): LockHolder {
  const { pid } = process;
  return { machine: machine(), pid, started: startOf(pid), id: randomUUID() };
}

export function textOf(holder: LockHolder): Buffer {
  return Buffer.from(JSON.stringify(holder));
}

/** Undefined where there is no lock. A lock appears complete, so one that cannot be read has no holder. */
export function readHolder(path: string, disk: Disk): LockHolder | undefined {
  let text: string;
  try {
    text = Buffer.from(readWholeFile(disk, path)).toString();
  } catch (error) {
    if (error instanceof Error && systemCode(error.cause) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { machine = "", pid = 0, started = "", id = "" } = JSON.parse(text);
    return { machine, pid, started, id };
  } catch {
    return { machine: "", pid: 0, started: "", id: text };
  }
}

/** Not asked of locks of this process itself. `fresh` is a file made just now, by whose time that of the lock can be judged. */
export function isAlive(holder: LockHolder, path: string, fresh: string, disk: Disk): boolean {
  if (holder.machine !== machine()) {
    try {
      return disk.modified(fresh) - disk.modified(path) < silentMs;
    } catch (error) {
      if (systemCode(error) === "ENOENT") return false;
      throw error;
    }
  }
  return isRunning(holder.pid) && startOf(holder.pid) === holder.started && !isZombie(holder.pid);
}

function isRunning(pid: number): boolean {
  if (pid === process.pid || pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}

/** Containers may share a name; their processes are numbered apart. */
function machine(): string {
  return `${hostname()} ${orEmpty(() => readlinkSync("/proc/self/ns/pid"))}`.trim();
}

function startOf(pid: number): string {
  return statOf(pid)[19] ?? "";
}

/** True for an ended process that its parent has not reaped: it still takes signals, in some containers for ever. */
function isZombie(pid: number): boolean {
  return ["Z", "X", "x"].includes(statOf(pid)[0] ?? "");
}

/** Linux's record of a process from the third field on, after a name in parentheses that may hold anything (proc(5)). */
function statOf(pid: number): readonly string[] {
  const text = orEmpty(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
