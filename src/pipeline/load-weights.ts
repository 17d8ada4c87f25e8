/** A weights file of either kind, by its path: its bytes and the tensors in them. */
import { readFile, stat } from "node:fs/promises";
import { IoError, NoInputError, WeightsError } from "../errors.ts";
import { isPth, readPth } from "../model/weights/pth.ts";
import { readSafetensors } from "../model/weights/safetensors.ts";
import type { StoredWeights } from "../model/weights/weights.ts";
import { systemCode, systemMessage } from "./system-error.ts";

export interface LoadedWeights extends StoredWeights {
  readonly bytes: Uint8Array;
}

/** What can be read at once; the published net takes 0.32 GB. */
const maxBytes = 2 ** 31 - 1;

/**
 * Reads safetensors, or the zip files torch.save writes (.pth), whatever the file is called.
 * @throws NoInputError or IoError where there is nothing to read, WeightsError naming file and problem
 */
export async function loadWeights(path: string): Promise<LoadedWeights> {
  const bytes = await readWhole(path);
  return {
    bytes,
    ...inFile(path, () => (isPth(bytes) ? readPth(bytes) : readSafetensors(bytes))),
  };
}

/** What `read` gives; its WeightsError with the file's name in front. */
export function inFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof WeightsError)) throw cause;
    throw new WeightsError(`${path}: ${cause.message}`, { cause });
  }
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    // A pipe or a device would be read without end.
    if (!found.isFile()) throw new NoInputError(path, "is not a file");
    if (found.size > maxBytes) {
      throw new WeightsError(`${path}: expected at most ${maxBytes} bytes but found ${found.size}`);
    }
    return await readFile(path);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === undefined) throw cause;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new NoInputError(path, "there is no such file", { cause });
    }
    if (code === "EACCES") throw new NoInputError(path, "may not be read", { cause });
    throw new IoError(path, systemMessage(cause), { cause });
  }
}
