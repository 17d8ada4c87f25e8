/** Reads a whole weights file; one wording for every problem with its path. */
import { open, stat } from "node:fs/promises";
import { IoError, NoInputError, WeightsError } from "../../errors.ts";
import { systemCode, systemMessage } from "./system-error.ts";

/** What can be read at once; the published net takes 0.32 GB. */
const maxBytes = 2 ** 31 - 1;

/**
 * @throws NoInputError where there is no file to read, IoError where reading fails, WeightsError where it
 *   is larger than any net
 */
export async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const found = await stat(path);
    // A pipe or a device would be read without end.
    if (!found.isFile()) throw new NoInputError(path, "is not a regular file");
    if (found.size > maxBytes) {
      throw new WeightsError(`${path}: expected at most ${maxBytes} bytes but found ${found.size}`);
    }
    return await readAtOnce(path, found.size);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === undefined) throw cause;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new NoInputError(path, "no such file", { cause });
    }
    if (code === "EACCES") throw new NoInputError(path, "permission denied", { cause });
    throw new IoError(path, systemMessage(cause), { cause });
  }
}

/** In few, large reads: a busy event loop is waited for once a read. */
async function readAtOnce(path: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await file.read(bytes, filled);
      if (bytesRead === 0) return bytes.subarray(0, filled);
      filled += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}
