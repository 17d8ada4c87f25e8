/**
 * Reads an image that comes through a pipe. It is kept in a file first, because an image is read in rectangles. A
 * stream whose beginning is refused is not read to its end.
 */
import { open } from "node:fs/promises";
import { addAbortSignal, type Readable } from "node:stream";
import { IoError, isDeblurError, NoInputError, OptionError } from "../../errors.ts";
import { systemCode, systemMessage } from "./system-error.ts";

/** What messages call it. */
export const standardInput = "standard input";

/** Whole headers fit, of any format that has its header in front. */
const glanceBytes = 2 ** 16;

/** @throws OptionError where standard input is a terminal */
export function assertPiped(stdin: Readable): void {
  if ("isTTY" in stdin && stdin.isTTY === true) {
    throw new OptionError(`Expected a picture on ${standardInput} but it is a terminal`);
  }
}

/**
 * Writes all of `stdin` into the new file `path`. `inspect` reads what has come once that is enough to
 * decide; its InputError ends the reading, unless it has a cause: then a decoder missed what is yet to come.
 * @throws what `inspect` throws; NoInputError where it cannot be read, IoError where the disk refuses; the
 *   signal's reason
 */
export async function spool(
  stdin: Readable,
  path: string,
  { inspect, signal }: { readonly inspect: () => Promise<unknown>; readonly signal: AbortSignal },
): Promise<void> {
  const file = await open(path, "wx").catch(diskRefused);
  let bytes = 0;
  try {
    // Leaving the loop early closes the stream: its writer gets an error.
    for await (const chunk of chunksOf(stdin, signal)) {
      await file.appendFile(chunk).catch(diskRefused);
      const before = bytes;
      bytes += chunk.length;
      if (before < glanceBytes && bytes >= glanceBytes) await inspect().catch(unlessCutShort);
    }
  } finally {
    await file.close();
  }
}

/** Yields standard input, chunk by chunk. @throws NoInputError where it cannot be read; the signal's reason */
export async function* chunksOf(
  stdin: Readable,
  signal: AbortSignal,
  name: string = standardInput,
): AsyncGenerator<Uint8Array> {
  try {
    yield* addAbortSignal(signal, stdin);
  } catch (cause) {
    signal.throwIfAborted();
    if (systemCode(cause) === undefined) throw cause;
    throw new NoInputError(name, systemMessage(cause), { cause });
  }
}

function unlessCutShort(error: unknown): void {
  if (!isDeblurError(error, "InputError") || error.cause === undefined) throw error;
}

function diskRefused(cause: unknown): never {
  if (systemCode(cause) === undefined) throw cause;
  throw new IoError(standardInput, `cannot be kept: ${systemMessage(cause)}`, { cause });
}
