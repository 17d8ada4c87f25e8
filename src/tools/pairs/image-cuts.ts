/** Plans of pairs go in, pictures come out, each upright: whole, or a rectangle where they are larger than a pair. */
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
  /** Of what blurs it: a smaller picture is refused. */
  readonly kernelSize: number;
  /** Kernels to draw from; none: they are simulated. */
  readonly bank: KernelBank | undefined;
}

/** The plan's picture, each time opened anew. @throws `read` fails with NoInputError, InputError or IoError */
export function imageCuts(
  pictures: readonly string[],
  { seed, size, maxPixels, kernelSize, bank }: ImageCutsOptions,
): PatchSource<ImageCut> {
  return {
    async read({ index, visit }) {
      const path = pictures[visit.image] as string;
      const { width, height } = await uprightSize(path, maxPixels);
      if (Math.min(width, height) < kernelSize)
        throw new InputError(
          path,
          `Expected at least ${kernelSize}×${kernelSize} pixels but found ${width}×${height}`,
        );
      const random = openStream({ seed, purpose: "crop", index });
      const rect = placeIn({ width, height }, size, random);
      const pixels = await decodeWindow(path, rect, { upright: true });
      const kernels = bank && drawn(bank, seed, index);
      return { rect, sharp: Uint8Array.from(pixels), kernels };
    },
  };
}

/** The plans of pairs `first` to `last` − 1: pictures one after another, and again from the first. */
export function* planImages(
  pictures: number,
  indices: Iterable<number>,
): Generator<PairPlan, void> {
  for (const index of indices) {
    const visit = { number: index, kind: "sharp", image: index % pictures } as const;
    yield { index, visit, crop: 0 };
  }
}

/** As sharp turns it: what a PNG or a film says may be another matter than what libvips heeds. */
async function uprightSize(path: string, maxPixels: number) {
  await readImageHeader(path, { maxPixels });
  const { autoOrient } = await sharp(path, { limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      throw new InputError(path, `damaged or cut short (${libvipsMessage(cause)})`, { cause });
    });
  return autoOrient;
}

/** Here, and not where pictures are blurred: a large bank need not travel with each of them. */
function drawn({ kernels }: KernelBank, seed: number, index: number): readonly Float32Array[] {
  const random = openStream({ seed, purpose: "kernel", index });
  return Array.from({ length: mostKernels }, () => random.pick(kernels));
}
