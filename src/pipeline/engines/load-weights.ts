/** A weights file of either kind, by its path: its bytes and the tensors in them. */
import { WeightsError } from "../../errors.ts";
import { readWhole } from "../../io/system/read-whole.ts";
import { isPth, readPth } from "../../model/weights/pth.ts";
import { readSafetensors } from "../../model/weights/safetensors.ts";
import type { StoredWeights } from "../../model/weights/weights.ts";

export interface LoadedWeights extends StoredWeights {
  readonly bytes: Uint8Array;
}

/**
 * Reads safetensors, or the zip files torch.save writes (.pth), whatever the file is called.
 * @throws NoInputError or IoError where there is nothing to read, WeightsError naming file and problem
 */
export async function loadWeights(path: string): Promise<LoadedWeights> {
  const bytes = await readWhole(path);
  return {
    bytes,
    ...inFile(path, () => (isPth(bytes) ? readPth(bytes) : readOwn(bytes))),
  };
}

/** Safetensors, where `bytes` begin like it: its header's first character is the ninth byte. */
export function readOwn(bytes: Uint8Array): StoredWeights {
  if (bytes[8] === "{".charCodeAt(0)) return readSafetensors(bytes);
  const found = bytes.length === 0 ? "an empty file" : "another kind of file";
  throw new WeightsError(`Expected weights (safetensors or .pth) but found ${found}`);
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
