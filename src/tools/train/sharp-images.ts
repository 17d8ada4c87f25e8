/** A folder goes in, the pictures in it come out, in an order that is the same everywhere. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError, IoError, NoInputError } from "../../errors.ts";
import { systemCode, systemMessage } from "../../io/system/system-error.ts";

/**
 * The paths of all pictures in `folder` and the folders in it, known by their suffix.
 * @throws NoInputError where there is no such folder, InputError where there is no picture in it, IoError
 */
export async function findSharp(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  const pictures = entries.filter((name) => /\.(?:png|jpe?g|webp|avif|tiff?)$/i.test(name)).sort();
  if (pictures.length === 0) throw new InputError(folder, "Expected pictures but found none");
  return pictures.map((name) => join(folder, name));
}

function unreadable(folder: string, cause: unknown): unknown {
  switch (systemCode(cause)) {
    case undefined:
      return cause;
    case "ENOENT":
      return new NoInputError(folder, "no such folder", { cause });
    case "ENOTDIR":
      return new NoInputError(folder, "is not a folder", { cause });
    case "EACCES":
    case "EPERM":
      return new NoInputError(folder, "permission denied", { cause });
    default:
      return new IoError(folder, systemMessage(cause), { cause });
  }
}
