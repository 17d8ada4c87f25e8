/**
 * Loaded before the command, and in each of its threads: at the KILL_AT-th call to the file system the process is
 * killed, a write when half of it is written. The calls of all threads count together, in the file KILL_COUNTER,
 * from the moment the file KILL_FROM exists.
 */
import fs from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const { KILL_AT, KILL_COUNTER, KILL_FROM } = process.env;
const { existsSync, fstatSync, writeSync } = fs;
const counter = fs.openSync(KILL_COUNTER, "a");
let counting = false;

/** True where this call is the one, or comes after it while the process dies. */
function isLast() {
  counting ||= existsSync(KILL_FROM);
  if (!counting) return false;
  writeSync(counter, ".");
  return fstatSync(counter).size >= Number(KILL_AT);
}

function die() {
  process.kill(process.pid, "SIGKILL");
  // It comes from another thread: nothing may happen until then.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** `half` does half of what the call would. */
function plant(owner, name, half = () => {}) {
  const original = owner[name];
  owner[name] = function (...args) {
    if (!isLast()) return original.apply(this, args);
    const done = half(original.bind(this), args);
    return done === undefined ? die() : done.then(die);
  };
}

plant(
  fs,
  "writeSync",
  (write, [fd, bytes, offset = 0, length = bytes.length - offset, at = null]) => {
    write(fd, bytes, offset, length >> 1, at);
  },
);
for (const name of ["openSync", "closeSync", "readSync", "fsyncSync", "renameSync", "linkSync"])
  plant(fs, name);
for (const name of ["rmSync", "rmdirSync", "mkdirSync"]) plant(fs, name);
for (const name of ["open", "rename", "link", "rm", "unlink", "mkdir"]) plant(promises, name);

const handle = await promises.open(KILL_COUNTER);
const handles = Object.getPrototypeOf(handle);
plant(handles, "write", (write, [bytes, offset = 0, length = bytes.length - offset, at = null]) =>
  write(bytes, offset, length >> 1, at),
);
for (const name of ["truncate", "sync", "datasync", "close"]) plant(handles, name);
syncBuiltinESMExports();
