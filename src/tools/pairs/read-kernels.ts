/** Reads measured kernels: an array of them, or images of one kernel each. */
import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { InputError, IoError } from "../../errors.ts";
import { isImage } from "../../io/formats/image-formats.ts";
import { libvipsMessage, sharp } from "../../io/formats/libvips.ts";
import { readNpy } from "../../io/formats/npy/npy.ts";
import { readImageHeader } from "../../io/sources/image-header.ts";
import { isFolder } from "../../io/system/paths.ts";
import { readWhole } from "../../io/system/read-whole.ts";
import { systemCode, systemMessage } from "../../io/system/system-error.ts";
import {
  centreKernels,
  type KernelBank,
  type MeasuredKernel,
} from "../../model/blur/centre-kernels.ts";
import { readSafetensors } from "../../model/weights/safetensors.ts";
import { inFile } from "../../pipeline/engines/load-weights.ts";
import { largestKernel } from "./pairs-options.ts";

/**
 * Kernels of a .npy file ([k, k] or [n, k, k], sides may differ), of a .safetensors file (its tensor `kernels`, else
 * its only one), of an image (white on black), or of all images in a folder.
 * @throws NoInputError, InputError, WeightsError or IoError naming the file and the problem
 */
export async function readKernels(path: string): Promise<KernelBank> {
  const measured = await measuredAt(path);
  if (measured.length === 0) throw new InputError(path, "Expected kernels but found none");
  for (const { width, height } of measured) {
    if (Math.max(width, height) > largestKernel)
      throw new InputError(
        path,
        `Expected kernels of at most ${largestKernel}×${largestKernel} but found ${width}×${height}`,
      );
  }
  try {
    const bank = centreKernels(measured);
    if (bank.kernelSize <= largestKernel) return bank;
    throw new RangeError(
      `centred, the largest takes ${bank.kernelSize}×${bank.kernelSize}, over ${largestKernel}`,
    );
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new InputError(path, cause.message, { cause });
  }
}

async function measuredAt(path: string): Promise<readonly MeasuredKernel[]> {
  if (await isFolder(path)) {
    const names = await readdir(path).catch((cause: unknown) => {
      if (systemCode(cause) === undefined) throw cause;
      throw new IoError(path, systemMessage(cause), { cause });
    });
    return Promise.all(
      names
        .filter(isImage)
        .sort()
        .map((name) => pictured(join(path, name))),
    );
  }
  switch (extname(path).toLowerCase()) {
    case ".npy": {
      const { shape, values } = readNpy(path, await readWhole(path));
      return stacked(path, shape, values);
    }
    case ".safetensors": {
      const bytes = await readWhole(path);
      const { tensors } = inFile(path, () => readSafetensors(bytes));
      const tensor =
        tensors.get("kernels") ?? (tensors.size === 1 ? [...tensors.values()][0] : undefined);
      if (tensor) return stacked(path, tensor.shape, tensor.data);
      throw new InputError(
        path,
        `Expected a tensor named kernels but found ${tensors.size} others`,
      );
    }
    default:
      if (isImage(path)) return [await pictured(path)];
      throw new InputError(
        path,
        `Expected kernels (.npy, .safetensors, a picture or a folder of pictures) but found ${basename(path)}`,
      );
  }
}

/** The last two sides are those of a kernel. */
function stacked(
  path: string,
  shape: readonly number[],
  values: ArrayLike<number>,
): readonly MeasuredKernel[] {
  const [height = 0, width = 0] = shape.slice(-2);
  if (shape.length < 2 || width * height === 0)
    throw new InputError(path, `Expected [k, k] or [n, k, k] but found [${shape.join(", ")}]`);
  const taps = width * height;
  return Array.from({ length: values.length / taps }, (_, i) => ({
    width,
    height,
    values: Array.prototype.slice.call(values, i * taps, (i + 1) * taps) as number[],
  }));
}

async function pictured(path: string): Promise<MeasuredKernel> {
  await readImageHeader(path, { maxPixels: largestKernel ** 2 });
  const { data, info } = await sharp(path, { failOn: "warning", ignoreIcc: true })
    .removeAlpha()
    .toColourspace("grey16")
    .raw({ depth: "ushort" })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new InputError(path, `damaged or cut short (${libvipsMessage(cause)})`, { cause });
    });
  const { width, height } = info;
  return { width, height, values: new Uint16Array(Uint8Array.from(data).buffer) };
}
