/**
 * Plans of training pairs go in, patches of images come out. A picture is opened once for all crops of a visit:
 * a window of it is decoded, the crops are cut, the window is let go. What waits is crops, never images, however
 * large the images and the folders are.
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
  /** None: the picture will be blurred. */
  readonly blurry: string | undefined;
}

export interface PatchSourceOptions {
  readonly sharp: readonly ImageFiles[];
  readonly pairs: readonly ImageFiles[];
  readonly seed: number;
  /** Of a patch, pixels. */
  readonly side: number;
  /** Of every visit. */
  readonly crops: number;
  readonly maxPixels: number;
  /** Told once of each picture that is passed over. */
  readonly onNote: (message: string) => void;
}

/** A patch source with figures for tests and the curious. */
export interface VisitedImages extends PatchSource {
  /** Pictures that are being decoded now. */
  readonly decoding: number;
  /** Visits with crops to come. */
  readonly open: number;
}

/** Side of the part of a picture that is decoded for a visit, px: 3 MB. */
const windowSide = 1024;

/**
 * Patches out of files. A picture that is damaged, gone or smaller than a patch is passed over: the next one takes
 * its place.
 * @throws `read` fails with InputError where no picture is left, IoError where reading fails
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
        // Anew for each picture: what was known to be unusable must not change what the next one is cut to.
        const random = openStream({ seed: options.seed, purpose: "crop", index: number });
        return await cutPatches(files, random, options);
      } catch (error) {
        if (!isDeblurError(error, "InputError", "NoInputError")) throw error;
        if (!unusable.has(files)) options.onNote(`passed over: ${error.message}`);
        unusable.add(files);
      } finally {
        decoding--;
      }
    }
    const all = `all ${images.length} ${kind === "pair" ? "pairs" : "images"}`;
    throw new InputError(
      images[0]?.sharp ?? "",
      `nothing to cut patches from: ${all} were passed over`,
    );
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
      // Its last crop ends a visit; a stream may begin in the middle of one.
      if (plan.crop === options.crops - 1) visits.delete(plan.visit.number);
      else visits.set(plan.visit.number, patches);
      const patch = (await patches)[plan.crop];
      if (patch === undefined)
        throw new RangeError(`expected a crop below ${options.crops} but received ${plan.crop}`);
      return patch;
    },
  };
}

/** Crops of one window of the picture, or of both images of a pair. */
async function cutPatches(
  { sharp: path, blurry: partner }: ImageFiles,
  random: RandomStream,
  { side, crops, maxPixels }: PatchSourceOptions,
): Promise<Patch[]> {
  const { width, height } = await readImageHeader(path, { maxPixels });
  if (Math.min(width, height) < side)
    throw new InputError(
      path,
      `Expected at least ${side}×${side} pixels but found ${width}×${height}`,
    );
  const window = placeIn({ width, height }, windowSide, random);
  const places = Array.from({ length: crops }, () => placeIn(window, side, random));
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
    sharp: cut(sharpWindow, window, place),
    blurry: cut(blurryWindow, window, place),
  }));
}

/** A square of `side`, or as much of it as fits, anywhere in a picture. */
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
 * Eight-bit RGB as stored, [height, width, 3]: grey three times, alpha left out.
 * @param upright the rectangle is one of the picture turned as its Exif says
 * @throws InputError
 */
export async function decodeWindow(
  path: string,
  { x, y, width, height }: Rect,
  { upright = false }: { readonly upright?: boolean } = {},
): Promise<Buffer> {
  const options = { failOn: "warning", limitInputPixels: false, ignoreIcc: true } as const;
  const picture = sharp(path, { ...options, autoOrient: upright });
  const window = picture.extract({ left: x, top: y, width, height });
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

/** A part of a window, on a buffer of its own: it moves to another thread. */
function cut(window: Buffer, { width }: Rect, part: Rect): Uint8Array<ArrayBuffer> {
  const patch = new Uint8Array(3 * part.width * part.height);
  for (let row = 0; row < part.height; row++) {
    const from = 3 * ((part.y + row) * width + part.x);
    patch.set(window.subarray(from, from + 3 * part.width), 3 * row * part.width);
  }
  return patch;
}
