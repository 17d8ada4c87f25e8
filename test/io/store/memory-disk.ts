/**
 * A disk in memory on which any call can be made to fail, or to do less than it was asked. Files are named as they
 * are given; folders are only names.
 */
import type { Disk } from "../../../src/io/system/disk.ts";

/** Called before each call with its name and path; may throw, or answer how many bytes at most go through. */
export type Fault = (call: keyof Disk, path: string) => number | undefined;

export interface MemoryDisk extends Disk {
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
  /** Calls so far. */
  readonly calls: { readonly call: keyof Disk; readonly path: string }[];
  openFiles(): number;
}

/** An error as the system would give it. */
export function systemError(code: string, words: string, call = "write"): Error {
  return Object.assign(new Error(`${code}: ${words}, ${call}`), { code });
}

export function memoryDisk(fault: Fault = () => undefined): MemoryDisk {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const open = new Map<number, { path: string; bytes: Uint8Array<ArrayBuffer> | undefined }>();
  const calls: { call: keyof Disk; path: string }[] = [];
  let next = 3;
  const pass = (call: keyof Disk, path: string): number => {
    calls.push({ call, path });
    return fault(call, path) ?? Number.POSITIVE_INFINITY;
  };
  const pathOf = (fd: number): string => {
    const found = open.get(fd);
    if (found === undefined) throw systemError("EBADF", "bad file descriptor");
    return found.path;
  };
  const contents = (fd: number): Uint8Array<ArrayBuffer> =>
    files.get(pathOf(fd)) ?? open.get(fd)?.bytes ?? new Uint8Array();
  const missing = (): never => {
    throw systemError("ENOENT", "no such file or directory", "open");
  };
  return {
    files,
    calls,
    openFiles: () => open.size,
    open(path, flags) {
      pass("open", path);
      if (flags === "r" && !files.has(path)) missing();
      if (flags === "wx" && files.has(path)) throw systemError("EEXIST", "file already exists");
      if (!files.has(path)) files.set(path, new Uint8Array());
      open.set(next, { path, bytes: files.get(path) });
      return next++;
    },
    close(fd) {
      const path = pathOf(fd);
      open.delete(fd);
      pass("close", path);
    },
    read(fd, bytes, position) {
      const most = pass("read", pathOf(fd));
      const part = contents(fd).subarray(position, position + Math.min(bytes.length, most));
      bytes.set(part);
      return part.length;
    },
    write(fd, bytes) {
      const path = pathOf(fd);
      const part = bytes.subarray(0, pass("write", path));
      const before = contents(fd);
      const after = new Uint8Array(before.length + part.length);
      after.set(before);
      after.set(part, before.length);
      files.set(path, after);
      return part.length;
    },
    size(fd) {
      pass("size", pathOf(fd));
      return contents(fd).length;
    },
    sync(fd) {
      pass("sync", pathOf(fd));
    },
    rename(from, to) {
      pass("rename", to);
      files.set(to, files.get(from) ?? missing());
      files.delete(from);
    },
    link(from, to) {
      pass("link", to);
      if (files.has(to)) throw systemError("EEXIST", "file already exists");
      files.set(to, files.get(from) ?? missing());
    },
    remove(path) {
      pass("remove", path);
      for (const name of files.keys()) {
        if (name === path || name.startsWith(`${path}/`)) files.delete(name);
      }
    },
    removeEmpty(folder) {
      pass("removeEmpty", folder);
      if ([...files.keys()].some((name) => name.startsWith(`${folder}/`)))
        throw systemError("ENOTEMPTY", "directory not empty", "rmdir");
    },
    list(folder) {
      pass("list", folder);
      const inside = [...files.keys()].filter((name) => name.startsWith(`${folder}/`));
      if (inside.length === 0) throw systemError("ENOENT", "no such file or directory", "scandir");
      return [
        ...new Set(inside.map((name) => name.slice(folder.length + 1).split("/", 1)[0] ?? "")),
      ];
    },
    makeFolder(path) {
      pass("makeFolder", path);
    },
    modified(path) {
      pass("modified", path);
      return files.has(path) ? 0 : missing();
    },
  };
}
