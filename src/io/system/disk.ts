/**
 * Wraps the calls to the file system on which a stored run rests, few enough that a test can make each of them fail.
 * All are synchronous: most are made in threads that do nothing else.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { IoError } from "../../errors.ts";
import { systemCode, systemMessage } from "./system-error.ts";

/** Each throws the system's error where the system refuses. */
export interface Disk {
  open(path: string, flags: "r" | "r+" | "wx" | "a"): number;
  close(fd: number): void;
  /** Fills `bytes` from `position` on, as far as the system likes; the number of bytes read. */
  read(fd: number, bytes: Uint8Array, position: number): number;
  /** Writes at the file's own position, as far as the system likes; the number of bytes written. */
  write(fd: number, bytes: Uint8Array): number;
  size(fd: number): number;
  /** Until this returns, a power cut may take what was written. */
  sync(fd: number): void;
  rename(from: string, to: string): void;
  /** A second name for a file; fails where `to` exists. */
  link(from: string, to: string): void;
  /** A file, or a folder with all it holds; nothing there is no error. */
  remove(path: string): void;
  /** A folder with nothing in it. */
  removeEmpty(folder: string): void;
  list(folder: string): readonly string[];
  /** In a folder that exists; an existing one is no error. */
  makeFolder(path: string): void;
  /** Milliseconds, on the clock of the disk. */
  modified(path: string): number;
}

export const systemDisk: Disk = {
  open: (path, flags) => openSync(path, flags),
  close: closeSync,
  read: (fd, bytes, position) => readSync(fd, bytes, 0, bytes.length, position),
  write: (fd, bytes) => writeSync(fd, bytes),
  size: (fd) => fstatSync(fd).size,
  sync: fsyncSync,
  rename: renameSync,
  link: linkSync,
  remove: (path) => rmSync(path, { recursive: true, force: true }),
  removeEmpty: rmdirSync,
  list: (folder) => readdirSync(folder),
  makeFolder(path) {
    try {
      mkdirSync(path);
    } catch (error) {
      if (systemCode(error) !== "EEXIST" || !statSync(path).isDirectory()) throw error;
    }
  },
  modified: (path) => statSync(path).mtimeMs,
};

/** Reads until `bytes` is full; false where the file ends before. */
export function readFully(disk: Disk, fd: number, bytes: Uint8Array, position: number): boolean {
  for (let done = 0; done < bytes.length; ) {
    const read = disk.read(fd, bytes.subarray(done), position + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}

/** Writes all of `bytes`; a write cut short by a full disk is followed by one that throws. */
export function writeFully(disk: Disk, fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += disk.write(fd, bytes.subarray(done));
}

/** All bytes of a file. @throws IoError, also where it ends while it is read */
export function readWholeFile(disk: Disk, path: string): Uint8Array<ArrayBuffer> {
  return withFile(disk, path, "r", (fd) => {
    const bytes = new Uint8Array(disk.size(fd));
    if (!readFully(disk, fd, bytes, 0)) throw new IoError(path, "ended while it was read");
    return bytes;
  });
}

/**
 * A file of these bytes appears at `path`, or none: written as `draft`, on the same disk, and renamed. `sync`: it
 * is still there after a power cut. @throws IoError
 */
export function writeWholeFile(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  { draft, sync = false }: { readonly draft: string; readonly sync?: boolean },
): void {
  try {
    withFile(disk, draft, "wx", (fd) => {
      writeFully(disk, fd, bytes);
      if (sync) disk.sync(fd);
    });
    disk.rename(draft, path);
  } catch (error) {
    try {
      disk.remove(draft);
    } catch {
      // The first error is the one to report.
    }
    throw refusal(path, error instanceof IoError ? error.cause : error);
  }
}

/** Lets `use` have an open file; it is closed afterwards, whatever happens. @throws IoError */
export function withFile<T>(
  disk: Disk,
  path: string,
  flags: "r" | "r+" | "wx" | "a",
  use: (fd: number) => T,
): T {
  return namingPath(path, () => {
    const fd = disk.open(path, flags);
    try {
      return use(fd);
    } finally {
      disk.close(fd);
    }
  });
}

/** What `call` gives; where the system refuses, an IoError that names `path`. */
export function namingPath<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw refusal(path, error);
  }
}

/** The system's error as an IoError that names `path`; any other as it is. */
export function refusal(path: string, error: unknown): unknown {
  if (systemCode(error) === undefined) return error;
  return new IoError(path, systemMessage(error), { cause: error });
}
