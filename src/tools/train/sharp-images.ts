/** Lists the images of a folder, in an order that does not depend on the machine. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError, IoError, NoInputError } from "../../errors.ts";
import { isImage } from "../../io/formats/image-formats.ts";
import { systemCode, systemMessage } from "../../io/system/system-error.ts";

/**
 * The paths of all images in `folder` and the folders below, by suffix.
 * @throws NoInputError where the folder does not exist, InputError where it has no image, IoError
 */
export async function findSharp(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  const images = entries.filter(isImage).sort();
  if (images.length === 0) throw new InputError(folder, "Expected pictures but found none");
  return images.map((name) => join(folder, name));
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
