/** What a file is known by when a run goes on: its length and a hash of pieces of it, whatever its name or date. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { IoError } from "../../errors.ts";
import { systemMessage } from "../system-error.ts";

const pieceBytes = 2 ** 16;
const pieces = 32;

/**
 * SHA-256, hex, of the file's length, its first and last 64 KiB and 30 pieces evenly spread between; all of a file
 * of up to 2 MiB. Two versions of a large picture differ almost everywhere, so that reading it all says no more.
 * @throws IoError where the file cannot be read
 */
export async function fingerprint(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const hash = createHash("sha256").update(String(size));
      const last = Math.max(0, size - pieceBytes);
      for (let piece = 0; piece < pieces; piece++) {
        const position = Math.floor((last * piece) / (pieces - 1));
        const { buffer, bytesRead } = await file.read(
          Buffer.alloc(pieceBytes),
          0,
          pieceBytes,
          position,
        );
        hash.update(buffer.subarray(0, bytesRead));
      }
      return hash.digest("hex");
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new IoError(path, systemMessage(cause), { cause });
  }
}
