/**
 * Identifies an input when a run resumes: by its length, a hash of pieces of it, and the time it was written; by a hash
 * of all of it where copies of the input are one.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { IoError } from "../../errors.ts";
import { openFileBytes } from "../system/file-bytes.ts";
import { isAddress, openHttpBytes } from "../system/http-bytes.ts";
import { systemMessage } from "../system/system-error.ts";
import type { InputFacts } from "./run-record.ts";

const pieceBytes = 2 ** 16;
const pieces = 32;

/**
 * SHA-256, hex, of the length, the first and last 64 KiB and 30 pieces evenly spread between; all of what has up to
 * 2 MiB. Two versions of a large image differ almost everywhere; for a change of a few pixels there is the time at
 * which a file was written. An address has no such time.
 * @throws NoInputError or IoError where it cannot be read
 */
export async function fingerprint(
  path: string,
): Promise<Pick<InputFacts, "fingerprint" | "modified">> {
  const bytes = await (isAddress(path) ? openHttpBytes(path) : openFileBytes(path));
  try {
    const hash = createHash("sha256").update(String(bytes.size));
    const last = Math.max(0, bytes.size - pieceBytes);
    for (let piece = 0; piece < pieces; piece++) {
      hash.update(await bytes.read(Math.floor((last * piece) / (pieces - 1)), pieceBytes));
    }
    const modified = isAddress(path) ? "unknown" : await modifiedAt(path);
    return { fingerprint: hash.digest("hex"), modified };
  } finally {
    await bytes.close();
  }
}

/** SHA-256, hex, of all bytes of a file. @throws IoError where it cannot be read; the signal's reason */
export async function contentHash(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new IoError(path, systemMessage(cause), { cause });
  }
  return hash.digest("hex");
}

async function modifiedAt(path: string): Promise<string> {
  try {
    return (await stat(path)).mtime.toISOString();
  } catch (cause) {
    throw new IoError(path, systemMessage(cause), { cause });
  }
}
