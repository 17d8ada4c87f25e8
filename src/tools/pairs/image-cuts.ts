/** Reads the image of each planned pair, upright: whole, or a rectangle of an image larger than a pair. */
import { InputError } from "../../errors.ts";
import { libvipsMessage, sharp } from "../../io/formats/libvips.ts";
import { readImageHeader } from "../../io/sources/image-header.ts";
import type { KernelBank } from "../../model/blur/centre-kernels.ts";
import { mostKernels } from "../../model/blur/simulate-field.ts";
import { openStream } from "../../model/random-stream.ts";
import type { PairPlan } from "../../operators/pairs/plan-pairs.ts";
import type { PatchSource } from "../../operators/pairs/synthesize.ts";
import { decodeWindow, placeIn } from "../train/patch-source.ts";
import type { ImageCut } from "./make-image-pair.ts";

interface ImageCutsOptions {
  readonly seed: number;
  /** Largest side of a cut, px. */
  readonly size: number;
  readonly maxPixels: number;
  /** Side of the kernels; a smaller image is refused. */
  readonly kernelSize: number;
  /** Measured kernels to choose from; undefined: kernels are simulated. */
  readonly bank: KernelBank | undefined;
}

/** Opens the image of a plan at each `read`. @throws `read` fails with NoInputError, InputError or IoError */
export function imageCuts(
  images: readonly string[],
  { seed, size, maxPixels, kernelSize, bank }: ImageCutsOptions,
): PatchSource<ImageCut> {
  return {
    async read({ index, visit }) {
      const path = images[visit.image] as string;
      const { width, height } = await uprightSize(path, maxPixels);
      if (Math.min(width, height) < kernelSize)
        throw new InputError(
          path,
          `Expected at least ${kernelSize}×${kernelSize} pixels but found ${width}×${height}`,
        );
      const random = openStream({ seed, purpose: "crop", index });
      const rect = placeIn({ width, height }, size, random);
      const pixels = await decodeWindow(path, rect, { upright: true });
      const kernels = bank && chosen(bank, seed, index);
      return { rect, sharp: Uint8Array.from(pixels), kernels };
    },
  };
}

/** Plans the pairs of `indices`: images in turn, and again from the first. */
export function* planImages(images: number, indices: Iterable<number>): Generator<PairPlan, void> {
  for (const index of indices) {
    const visit = { number: index, kind: "sharp", image: index % images } as const;
    yield { index, visit, crop: 0 };
  }
}

/** The size of the image as sharp turns it: libvips ignores some orientations that a file may hold. */
async function uprightSize(path: string, maxPixels: number) {
  await readImageHeader(path, { maxPixels });
  const { autoOrient } = await sharp(path, { limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      throw new InputError(path, `damaged or cut short (${libvipsMessage(cause)})`, { cause });
    });
  return autoOrient;
}

/** Chooses the kernels of a pair here, so that no thread needs the whole bank. */
function chosen({ kernels }: KernelBank, seed: number, index: number): readonly Float32Array[] {
  const random = openStream({ seed, purpose: "kernel", index });
  return Array.from({ length: mostKernels }, () => random.pick(kernels));
}
