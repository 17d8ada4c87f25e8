/**
 * Sends a finished image through a pipe: all of it, at the pace of its reader. A reader that leaves is no failure, a
 * full disk is one.
 */
import { createReadStream, createWriteStream, fstatSync } from "node:fs";
import type { Writable } from "node:stream";
import { IoError, OptionError, ReaderGoneError } from "../../errors.ts";
import { systemCode, systemMessage } from "./system-error.ts";

/** What messages call it. */
export const standardOutput = "standard output";

/** The process's own. Node's stream for a file loses in silence what a full disk cuts off a write. */
export function openStandardOutput(): Writable {
  const { fd } = process.stdout;
  return fstatSync(fd).isFile() ? createWriteStream("", { fd, autoClose: false }) : process.stdout;
}

/** @throws OptionError where an image would go to a terminal */
export function assertNotATerminal(stdout: Writable): void {
  if ("isTTY" in stdout && stdout.isTTY === true) {
    throw new OptionError(
      `Expected a file or a pipe on ${standardOutput} but it is a terminal: > FILE, or -o FILE`,
    );
  }
}

/**
 * Writes the file at `path` to `stdout`, a piece at a time, each when the one before it is out.
 * @throws as `written`
 */
export async function deliver(
  path: string,
  stdout: Writable,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  for await (const chunk of createReadStream(path)) await written(stdout, chunk, signal);
}

/**
 * Resolves when `chunk`, and all before it, is out.
 * @throws ReaderGoneError, IoError; the signal's reason, also where the reader does not read
 */
export function written(
  stdout: Writable,
  chunk: Uint8Array | string = "",
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => reject(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    stdout.write(chunk, (error) => {
      signal?.removeEventListener("abort", stop);
      if (error) reject(refusal(stdout.errored ?? error));
      else resolve();
    });
  });
}

function refusal(cause: Error): Error {
  const gone = ["EPIPE", "ECONNRESET"].includes(systemCode(cause) ?? "");
  return gone
    ? new ReaderGoneError({ cause })
    : new IoError(standardOutput, systemMessage(cause), { cause });
}
