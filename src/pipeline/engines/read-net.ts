/** Reads a net made elsewhere, ONNX or a graph model of TensorFlow.js, with the files that hold its values. */
import { realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { NoInputError, WeightsError } from "../../errors.ts";
import { readWhole } from "../../io/system/read-whole.ts";
import type { ImageNet, PixelRange } from "../../model/image-nets/image-net.ts";
import { inlineTensors } from "../../model/onnx/inline-tensors.ts";
import { readOnnxModel } from "../../model/onnx/read-model.ts";
import { readGraphModel } from "../../model/tfjs/read-graph-model.ts";
import { isPth } from "../../model/weights/pth.ts";
import { inFile, isOnnx } from "./load-weights.ts";

/** Bytes of a model with its values: what protobuf and a buffer of Node.js 20 can hold. */
const mostBytes = 2 ** 31 - 1;

/**
 * Reads the net at `path`. The content decides its kind, not the suffix.
 * @throws NoInputError or IoError if a file cannot be read; WeightsError naming the file and the problem, also where a
 *   net names a file outside its own folder
 */
export async function readNet(path: string, range: PixelRange | undefined): Promise<ImageNet> {
  const model = await readWhole(path);
  inFile(path, () => refuseWeights(model));
  return isJsonText(model) ? readTfjs(path, model, range) : readOnnx(path, model, range);
}

function refuseWeights(bytes: Uint8Array): void {
  const found = isPth(bytes)
    ? "a PyTorch file: import it, if it is of a net that this package knows"
    : bytes[8] === "{".charCodeAt(0)
      ? "safetensors: give them as `weights`"
      : undefined;
  if (found !== undefined) {
    throw new WeightsError(`Expected an ONNX or TensorFlow.js model but found ${found}`);
  }
}

/** True for the file of a net made elsewhere, false for weights and anything else. @throws NoInputError, IoError */
export async function isNetFile(path: string): Promise<boolean> {
  const bytes = await readWhole(path);
  return isJsonText(bytes) || isOnnx(bytes);
}

// White space before it is JSON's, too.
const isJsonText = (bytes: Uint8Array) =>
  /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)));

async function readOnnx(
  path: string,
  model: Uint8Array,
  range: PixelRange | undefined,
): Promise<ImageNet> {
  const { external } = inFile(path, () => readOnnxModel(model));
  const files = new Map<string, Uint8Array>();
  const values = new Map<string, Uint8Array>();
  let total = model.length;
  for (const { name, location, offset, length } of external) {
    const bytes = files.get(location) ?? (await readBeside(path, location));
    files.set(location, bytes);
    const end = length === undefined ? bytes.length : offset + length;
    if (offset > bytes.length || end > bytes.length) {
      throw new WeightsError(
        `${path}: expected bytes ${offset} to ${end} of ${JSON.stringify(location)} for ${JSON.stringify(name)} ` +
          `but it has ${bytes.length}`,
      );
    }
    total += end - offset;
    refuseLarge(path, total);
    values.set(name, bytes.subarray(offset, end));
  }
  const whole = external.length === 0 ? model : inlineTensors(model, values);
  return { kind: "onnx", model: whole, values: new Uint8Array(), range };
}

async function readTfjs(
  path: string,
  model: Uint8Array,
  range: PixelRange | undefined,
): Promise<ImageNet> {
  const { paths, bytes } = inFile(path, () => readGraphModel(model));
  refuseLarge(path, bytes);
  const values = new Uint8Array(bytes);
  let filled = 0;
  for (const part of paths) {
    const read = await readBeside(path, part);
    if (filled + read.length > bytes) throw otherLength(path, bytes, "more");
    values.set(read, filled);
    filled += read.length;
  }
  if (filled < bytes) throw otherLength(path, bytes, `${filled}`);
  return { kind: "tfjs", model, values, range };
}

function otherLength(path: string, expected: number, found: string): WeightsError {
  return new WeightsError(
    `${path}: expected ${expected} bytes of values in the files it names but found ${found}`,
  );
}

function refuseLarge(path: string, bytes: number): void {
  if (bytes <= mostBytes) return;
  throw new WeightsError(`${path}: expected at most ${mostBytes} bytes but the net takes ${bytes}`);
}

/** Reads a file that the model at `path` names. @throws WeightsError unless it is in the model's folder */
async function readBeside(path: string, name: string): Promise<Uint8Array> {
  const outside = new WeightsError(
    `${path}: expected files of the net in its own folder but it names ${JSON.stringify(name)}`,
  );
  if (name === "" || name.includes("\0") || isAbsolute(name) || /^[a-z]:|\\/i.test(name)) {
    throw outside;
  }
  try {
    const folder = await realpath(dirname(path));
    // A symbolic link may leave the folder, too.
    const file = await realpath(join(folder, name));
    const way = relative(folder, file);
    if (way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way)) throw outside;
    return await readWhole(file);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
      throw new NoInputError(join(dirname(path), name), `no such file, which ${path} needs`, {
        cause,
      });
    }
    throw cause;
  }
}
