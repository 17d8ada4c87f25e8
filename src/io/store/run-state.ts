/**
 * Keeps the state of a long run beside its output, in the folder `.OUT.deblur/`: the record of the run and its tiles.
 * It outlives the process; the same command finds it and resumes.
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { IoError, OutputError } from "../../errors.ts";
import { type Disk, namingPath, refusal, withFile, writeFully } from "../system/disk.ts";
import { type FolderLock, lockFolder } from "../system/lock.ts";
import type { LockHolder } from "../system/lock-holder.ts";
import { outputFolderError } from "../system/run-folder.ts";
import { systemCode } from "../system/system-error.ts";
import { openWorkFolder, removeWorkFolders } from "../system/work-folder.ts";
import { hasRunFile, readRunFile, removeRunFile, writeRunFile } from "./run-file.ts";
import { differences, type RunRecord } from "./run-record.ts";
import { tilesIn } from "./tile-names.ts";

export interface RunState {
  readonly path: string;
  /** For what this process alone has use for; on the same disk. */
  readonly work: string;
  /** True where the folder held a run when it was opened. */
  readonly hadRun: boolean;
  /** Gives the folder free for another process. Its contents stay if `keep`. Idempotent. */
  close(options: { readonly keep: boolean }): void;
}

/** Where the state of the run that makes `output` lies. */
export function statePath(output: string): string {
  const name = basename(output);
  // With the rest it must stay under the 255 bytes of a file name, and no two outputs may share it.
  const hash = () => createHash("sha256").update(name).digest("hex").slice(0, 16);
  const short = Buffer.byteLength(name) <= 200 ? name : `${name.slice(0, 40)}-${hash()}`;
  return join(dirname(output), `.${short}.deblur`);
}

/**
 * Opens the state's folder for this process, made where there is none.
 * @throws OutputError where it cannot be made or another process works in it, IoError where the disk refuses
 */
export function openRunState(output: string, disk: Disk): RunState {
  const path = statePath(output);
  const lock = lockMade(path, output, disk);
  if (!("release" in lock)) {
    const { pid, machine } = lock;
    const holder = pid === 0 ? "another process" : `process ${pid} on ${machine.split(" ")[0]}`;
    throw new OutputError(
      output,
      `${holder} is making it; if that is wrong, delete ${join(path, "lock")}`,
    );
  }
  let open = true;
  try {
    removeWorkFolders(path, disk, { alone: true });
    const hadRun = hasRunFile(path, disk);
    const work = openWorkFolder(path, disk);
    return {
      path,
      work: work.path,
      hadRun,
      close({ keep }) {
        if (!open) return;
        open = false;
        try {
          work.remove();
          // The record first: what is left of a removal that is cut short is no run.
          if (!keep) {
            clear(path, disk);
            removeDrafts(path, disk);
          }
        } finally {
          lock.release();
        }
        if (!keep) removeUnlessUsed(path, disk);
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Makes the folder the run's that `record` describes: where it holds such a run already it stays as it is; with
 * `startOver` earlier contents are removed first.
 * @throws OutputError saying what differs, where it holds another run; IoError where the disk refuses
 */
export function enterRun(
  output: string,
  folder: string,
  record: RunRecord,
  { startOver, disk }: { readonly startOver: boolean; readonly disk: Disk },
): void {
  const found = startOver ? undefined : readRunFile(folder, disk);
  if (found !== undefined) {
    const differing = differences(found.record, record);
    if (differing.length === 0) return;
    throw new OutputError(
      output,
      `an unfinished run of it had ${differing.join("; ")}: the same options resume it, \`noResume\` starts over`,
    );
  }
  // Tiles without a record that can be read belong to an unknown run.
  clear(folder, disk);
  writeRunFile(folder, { record }, disk);
}

/** From now on the output may appear: a run that is killed after that has no use for its tiles. @throws IoError */
export function markFinishing(folder: string, disk: Disk): void {
  withFile(disk, finishing(folder), "a", (fd) => writeFully(disk, fd, Buffer.from("\n")));
}

/**
 * Removes the state of a run that was killed after its output had appeared, before all was tidied up. Does nothing
 * where there is none, where `output` is older than that, or while another process is at work.
 */
export function removeFinished(output: string, disk: Disk): void {
  const path = statePath(output);
  try {
    if (disk.modified(output) < disk.modified(finishing(path))) return;
    openRunState(output, disk).close({ keep: false });
  } catch {
    // Making the output then fails with what is in the way.
  }
}

function finishing(folder: string): string {
  return join(folder, "finishing");
}

/** The folder, made where there is none, and its lock. */
function lockMade(path: string, output: string, disk: Disk): FolderLock | LockHolder {
  for (let time = 1; ; time++) {
    try {
      disk.makeFolder(path);
    } catch (cause) {
      throw outputFolderError(output, cause);
    }
    try {
      return lockFolder(path, disk);
    } catch (error) {
      // A run that ends may remove the folder before it is locked.
      const gone = error instanceof IoError && systemCode(error.cause) === "ENOENT";
      if (!gone || time === 3) throw error;
    }
  }
}

/** What processes that were killed did not finish writing; who waits for the lock makes another one. */
function removeDrafts(folder: string, disk: Disk): void {
  for (const name of namingPath(folder, () => disk.list(folder))) {
    const path = join(folder, name);
    if (/^(?:lock|run)-/.test(name)) namingPath(path, () => disk.remove(path));
  }
}

/** Another process may have locked it since, or a user put a file into it. */
function removeUnlessUsed(path: string, disk: Disk): void {
  try {
    disk.removeEmpty(path);
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes(code)) throw refusal(path, error);
  }
}

function clear(folder: string, disk: Disk): void {
  removeRunFile(folder, disk);
  namingPath(finishing(folder), () => disk.remove(finishing(folder)));
  namingPath(tilesIn(folder), () => disk.remove(tilesIn(folder)));
}
