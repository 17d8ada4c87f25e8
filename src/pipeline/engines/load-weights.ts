/** Loads a weights file, safetensors or PyTorch, and returns its bytes and tensors. */
import { WeightsError } from "../../errors.ts";
import { readWhole } from "../../io/system/read-whole.ts";
import { readOnnxModel } from "../../model/onnx/read-model.ts";
import { isPth, readPth } from "../../model/weights/pth.ts";
import { readSafetensors } from "../../model/weights/safetensors.ts";
import type { StoredWeights } from "../../model/weights/weights.ts";

/** The bytes of a weights file and its tensors. */
export interface LoadedWeights extends StoredWeights {
  readonly bytes: Uint8Array;
}

/**
 * Loads safetensors, or a zip file of torch.save (.pth). The content decides, not the suffix.
 * @throws NoInputError or IoError if the file cannot be read; WeightsError naming file and problem
 */
export async function loadWeights(path: string): Promise<LoadedWeights> {
  const bytes = await readWhole(path);
  return {
    bytes,
    ...inFile(path, () => (isPth(bytes) ? readPth(bytes) : readOwn(bytes))),
  };
}

/** Reads safetensors; the ninth byte is the first character of their header. @throws WeightsError for anything else */
export function readOwn(bytes: Uint8Array): StoredWeights {
  if (bytes[8] === "{".charCodeAt(0)) return readSafetensors(bytes);
  const found =
    bytes.length === 0
      ? "an empty file"
      : isOnnx(bytes)
        ? "an ONNX file: give it as `net`"
        : "another kind of file";
  throw new WeightsError(`Expected weights (safetensors or .pth) but found ${found}`);
}

/** True for the bytes of an ONNX model. */
export function isOnnx(bytes: Uint8Array): boolean {
  try {
    readOnnxModel(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Calls `read` and puts the file's name in front of its WeightsError. */
export function inFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof WeightsError)) throw cause;
    throw new WeightsError(`${path}: ${cause.message}`, { cause });
  }
}
