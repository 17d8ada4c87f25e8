/** One run at a time in a folder: a file that names the process, which a later one may take over if it is gone. */
import { open, readFile, rm } from "node:fs/promises";
import { hostname, uptime } from "node:os";
import { join } from "node:path";
import { IoError, OutputError } from "../../errors.ts";
import { systemCode, systemMessage } from "../system-error.ts";

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Locks of this process. */
const held = new Set<string>();

/**
 * Takes the lock of `folder`; the answer gives it back.
 * @param output what is made in it, for messages
 * @throws OutputError where a living process holds it, IoError where the disk refuses
 */
export async function lockFolder(folder: string, output: string): Promise<() => Promise<void>> {
  const path = join(folder, "lock");
  if (held.has(path)) throw taken(output, path, `process ${process.pid}`);
  held.add(path);
  try {
    await take(path, output);
  } catch (error) {
    held.delete(path);
    throw error;
  }
  return async () => {
    if (held.delete(path)) await rm(path, { force: true });
  };
}

async function take(path: string, output: string): Promise<void> {
  // The second time where a dead process' lock was in the way; the third if another was quicker to take it.
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = await open(path, "wx");
      const holder: Holder = { pid: process.pid, host: hostname(), since: Date.now() };
      await file.writeFile(JSON.stringify(holder));
      return await file.close();
    } catch (cause) {
      if (systemCode(cause) !== "EEXIST")
        throw new IoError(output, systemMessage(cause), { cause });
      const holder = await livingHolder(path);
      if (holder !== undefined) throw taken(output, path, holder);
      await rm(path, { force: true });
    }
  }
  throw taken(output, path, "another process");
}

function taken(output: string, path: string, holder: string): OutputError {
  return new OutputError(output, `${holder} is making it; if that is wrong, delete ${path}`);
}

/** The process that holds the lock, undefined where it is gone. Of another machine's nobody here can know. */
async function livingHolder(path: string): Promise<string | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  const { pid, host, since } = parseHolder(text) ?? {};
  // Killed between making the file and writing it, or before this machine started.
  if (pid === undefined || since === undefined) return undefined;
  if (host !== hostname()) return `process ${pid} on ${host}`;
  if (pid === process.pid || since < Date.now() - 1000 * uptime()) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemCode(error) === "ESRCH") return undefined;
  }
  return `process ${pid}`;
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text);
    return Number.isInteger(holder.pid) && Number.isFinite(holder.since) ? holder : undefined;
  } catch {
    return undefined;
  }
}
