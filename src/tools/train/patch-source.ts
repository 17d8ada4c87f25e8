/**
 * Cuts patches from images for planned training pairs. An image is opened once for all crops of a visit: a window of it
 * is decoded, the crops are cut, the window is released. Memory holds crops only, whatever the size of the images.
 */
import { InputError, isDeblurError } from "../../errors.ts";
import { libvipsMessage, sharp } from "../../io/formats/libvips.ts";
import { readImageHeader } from "../../io/sources/image-header.ts";
import { openStream, type RandomStream } from "../../model/random-stream.ts";
import type { Visit } from "../../operators/pairs/plan-pairs.ts";
import type { Patch, PatchSource } from "../../operators/pairs/synthesize.ts";
import type { Rect } from "../../rect.ts";

/** The files a patch is cut from. */
interface ImageFiles {
  readonly sharp: string;
  /** undefined: the sharp image will be blurred. */
  readonly blurry: string | undefined;
}

export interface PatchSourceOptions {
  readonly sharp: readonly ImageFiles[];
  readonly pairs: readonly ImageFiles[];
  readonly seed: number;
  /** Side of a patch, pixels. */
  readonly side: number;
  /** Crops of a visit. */
  readonly crops: number;
  readonly maxPixels: number;
  /** Pixels a side whose mean is one pixel of a patch of a real pair; a visit uses one of these. Default [1]. */
  readonly reduce?: readonly number[];
  /** Called once for each image that is skipped. */
  readonly onNote: (message: string) => void;
}

/** A patch source with counters. */
export interface VisitedImages extends PatchSource {
  /** Images being decoded now. */
  readonly decoding: number;
  /** Visits with crops left. */
  readonly open: number;
}

/** Side of the window decoded for a visit, px: 3 MB. */
const windowSide = 1024;

/**
 * Opens a source of patches from files. The next image replaces one that is damaged, missing or smaller than a patch.
 * @throws `read` fails with InputError where no image is left, IoError where reading fails
 */
export function openPatchSource(options: PatchSourceOptions): VisitedImages {
  const visits = new Map<number, Promise<Patch[]>>();
  const unusable = new Set<ImageFiles>();
  let decoding = 0;

  const visit = async ({ kind, number, image }: Visit): Promise<Patch[]> => {
    const images = kind === "pair" ? options.pairs : options.sharp;
    for (let i = 0; i < images.length; i++) {
      const files = images[(image + i) % images.length] as ImageFiles;
      if (unusable.has(files)) continue;
      decoding++;
      try {
        // A new stream for each image: skipped images must not change the crops of the next.
        const random = openStream({ seed: options.seed, purpose: "crop", index: number });
        return await cutPatches(files, random, options);
      } catch (error) {
        if (!isDeblurError(error, "InputError", "NoInputError")) throw error;
        if (!unusable.has(files)) options.onNote(`skipped: ${error.message}`);
        unusable.add(files);
      } finally {
        decoding--;
      }
    }
    const noun = kind === "pair" ? "pair" : "image";
    const all = images.length === 1 ? `the only ${noun} was` : `all ${images.length} ${noun}s were`;
    throw new InputError(images[0]?.sharp ?? "", `no image to cut patches from: ${all} skipped`);
  };

  return {
    get decoding() {
      return decoding;
    },
    get open() {
      return visits.size;
    },
    async read(plan) {
      const patches = visits.get(plan.visit.number) ?? visit(plan.visit);
      // The last crop ends a visit; a stream may begin inside one.
      if (plan.crop === options.crops - 1) visits.delete(plan.visit.number);
      else visits.set(plan.visit.number, patches);
      const patch = (await patches)[plan.crop];
      if (patch === undefined)
        throw new RangeError(`expected a crop below ${options.crops} but received ${plan.crop}`);
      return patch;
    },
  };
}

/** Crops of one window of an image, or of both images of a pair. */
async function cutPatches(
  { sharp: path, blurry: partner }: ImageFiles,
  random: RandomStream,
  { side, crops, maxPixels, reduce = [1] }: PatchSourceOptions,
): Promise<Patch[]> {
  const { width, height } = await readImageHeader(path, { maxPixels });
  if (Math.min(width, height) < side)
    throw new InputError(
      path,
      `Expected at least ${side}×${side} pixels but found ${width}×${height}`,
    );
  const least = Math.min(width, height);
  const factor = partner === undefined ? 1 : factorOf(reduce, Math.floor(least / side), random);
  const window = placeIn({ width, height }, Math.max(windowSide, factor * side), random);
  const places = Array.from({ length: crops }, () => placeIn(window, factor * side, random));
  const sharpWindow = await decodeWindow(path, window);
  if (partner === undefined)
    return places.map((place) => ({
      side,
      sharp: cut(sharpWindow, window, place),
      blurry: undefined,
    }));
  const other = await readImageHeader(partner, { maxPixels });
  if (other.width !== width || other.height !== height)
    throw new InputError(
      partner,
      `Expected ${width}×${height} pixels as ${path} has but found ${other.width}×${other.height}`,
    );
  const blurryWindow = await decodeWindow(partner, window);
  return places.map((place) => ({
    side,
    sharp: reduced(cut(sharpWindow, window, place), factor * side, factor),
    blurry: reduced(cut(blurryWindow, window, place), factor * side, factor),
  }));
}

/** One of `factors` at random, or the largest of them that is at most `most`, at least 1. */
function factorOf(factors: readonly number[], most: number, random: RandomStream): number {
  // A list of one takes no random number, so that patches keep their places.
  const factor = factors.length === 1 ? (factors[0] as number) : random.pick(factors);
  if (factor <= most) return factor;
  return Math.max(1, ...factors.filter((other) => other <= most));
}

/** The means of squares of `factor` pixels a side. */
function reduced(
  patch: Uint8Array<ArrayBuffer>,
  side: number,
  factor: number,
): Uint8Array<ArrayBuffer> {
  if (factor === 1) return patch;
  const small = side / factor;
  return Uint8Array.from({ length: 3 * small * small }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [top, left] = [Math.floor(pixel / small) * factor, (pixel % small) * factor];
    let sum = 0;
    for (let y = top; y < top + factor; y++)
      for (let x = left; x < left + factor; x++)
        sum += patch[3 * (y * side + x) + channel] as number;
    return Math.round(sum / factor ** 2);
  });
}

/** A random square of `side` in an image, cut to the image's size. */
export function placeIn(
  { width, height }: Pick<Rect, "width" | "height">,
  side: number,
  random: RandomStream,
): Rect {
  const [across, down] = [Math.min(side, width), Math.min(side, height)];
  const x = random.below(width - across + 1);
  const y = random.below(height - down + 1);
  return { x, y, width: across, height: down };
}

/**
 * Decodes a rectangle as eight-bit RGB as stored, [height, width, 3]: grey three times, without alpha.
 * @param upright the rectangle is one of the upright image
 * @throws InputError
 */
export async function decodeWindow(
  path: string,
  { x, y, width, height }: Rect,
  { upright = false }: { readonly upright?: boolean } = {},
): Promise<Buffer> {
  const options = { failOn: "warning", limitInputPixels: false, ignoreIcc: true } as const;
  const image = sharp(path, { ...options, autoOrient: upright });
  const window = image.extract({ left: x, top: y, width, height });
  const { data, info } = await window
    .removeAlpha()
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new InputError(path, `damaged or cut short (${libvipsMessage(cause)})`, { cause });
    });
  if (info.channels === 3) return data;
  throw new InputError(path, `Expected grey or RGB but found ${info.channels} channels`);
}

/** A part of a window, in its own buffer, which moves to another thread. */
function cut(window: Buffer, { width }: Rect, part: Rect): Uint8Array<ArrayBuffer> {
  const patch = new Uint8Array(3 * part.width * part.height);
  for (let row = 0; row < part.height; row++) {
    const from = 3 * ((part.y + row) * width + part.x);
    patch.set(window.subarray(from, from + 3 * part.width), 3 * row * part.width);
  }
  return patch;
}
