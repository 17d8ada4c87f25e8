/** Reads the bytes of a file on disk. */
import type { BigIntStats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { IoError, NoInputError } from "../../errors.ts";
import { available, type Bytes } from "./bytes.ts";
import { systemMessage, unreadable } from "./system-error.ts";

/** Opens the file; the caller closes. @throws NoInputError, IoError */
export async function openFileBytes(path: string): Promise<Bytes> {
  const { file, size, version } = await opened(path);
  let ending: Promise<void> | undefined;
  return {
    size,
    version,
    async read(offset, length) {
      const bytes = new Uint8Array(available(offset, length, size));
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await file
          .read(bytes, done, bytes.length - done, offset + done)
          .catch((cause: unknown) => {
            throw new IoError(path, systemMessage(cause), { cause });
          });
        // Another process shortened the file meanwhile.
        if (bytesRead === 0) throw new IoError(path, "became shorter while it was read");
        done += bytesRead;
      }
      return bytes;
    },
    close() {
      ending ??= file.close();
      return ending;
    },
  };
}

/** Names the state of the file at `path`; undefined where there is none. See `Bytes.version`. */
export function versionOfFile(path: string): Promise<string | undefined> {
  return stat(path, { bigint: true }).then(versionOf, () => undefined);
}

function versionOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino} ${size} ${mtimeNs}`;
}

async function opened(path: string): Promise<{ file: FileHandle; size: number; version: string }> {
  try {
    // Asked before opening: to open a named pipe is to wait for its writer.
    if (!(await stat(path)).isFile()) throw new NoInputError(path, "is not a regular file");
    const file = await open(path, "r");
    try {
      const found = await file.stat({ bigint: true });
      return { file, size: Number(found.size), version: versionOf(found) };
    } catch (cause) {
      await file.close();
      throw cause;
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
