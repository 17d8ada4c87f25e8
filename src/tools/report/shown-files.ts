/** Makes the files by which a page shows an image: a JPEG in the page, or Deep Zoom tiles beside it. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { IoError, isDeblurError } from "../../errors.ts";
import type { ImageSource } from "../../image/raster.ts";
import { libvipsMessage, sharp } from "../../io/formats/libvips.ts";
import { layOutStripTiff } from "../../io/formats/tiff/write/strip-tiff.ts";
import { pullAll } from "../../io/sinks/pull-all.ts";
import { planPyramid } from "../../io/sinks/pyramid.ts";
import { openScratchImage } from "../../io/sinks/scratch-image.ts";
import { packed } from "../html/page.ts";

/** An image as the page's viewer opens it. */
export type ShownImage =
  | { readonly type: "image"; readonly url: string }
  | {
      readonly type: "tiles";
      /** The address of the tiles' folder, from the page. */
      readonly folder: string;
      readonly width: number;
      readonly height: number;
    };

export interface ShownFiles {
  readonly image: ShownImage;
  /** A small JPEG, as a data URL. */
  readonly thumbnail: string;
}

export interface ShowOptions {
  /** Path of a temporary file for the image's rows. */
  readonly scratch: string;
  readonly icc: Buffer | undefined;
  /** The path of the tiles without a suffix, and the same from the page; undefined: the page holds the image. */
  readonly tiles: { readonly path: string; readonly address: string } | undefined;
  readonly signal: AbortSignal;
}

const quality = 92;
/** Longest side of a thumbnail, px. */
const small = 160;

/**
 * Makes the files of `image` in sRGB. Its samples have 8 bits and the colours of `icc`, or sRGB without one.
 * @throws IoError where the disk refuses; what reading throws; the signal's reason
 */
export async function showImage(
  image: ImageSource,
  { scratch, icc, tiles, signal }: ShowOptions,
): Promise<ShownFiles> {
  const { width, height, channels } = image;
  const form = { width, height, channels, sampleType: "uint8" } as const;
  const { header } = layOutStripTiff({ ...form, ...(icc && { icc }) });
  const rows = await openScratchImage(scratch, form, header);
  try {
    await pullAll(image, (rect, raster) => rows.put(rect, raster.samples), {
      inFlight: 2,
      signal,
    });
    const open = () => sharp(scratch, { limitInputPixels: false }).toColourspace("srgb");
    const asUrl = (jpeg: Buffer) => `data:image/jpeg;base64,${packed(jpeg)}`;
    const reduced = open().resize(small, small, { fit: "inside", withoutEnlargement: true });
    const thumbnail = asUrl(await reduced.jpeg({ quality: 80 }).toBuffer());
    if (tiles === undefined) {
      const jpeg = await open().jpeg({ quality, chromaSubsampling: "4:4:4" }).toBuffer();
      return { image: { type: "image", url: asUrl(jpeg) }, thumbnail };
    }
    await mkdir(dirname(tiles.path), { recursive: true });
    const folder = dirname(scratch);
    const pyramid = await planPyramid(`${tiles.path}.jpg`, { ...form, folder, force: false });
    await pyramid.make(scratch);
    await pyramid.publish();
    const address = `${tiles.address}_files/`;
    return { image: { type: "tiles", folder: address, width, height }, thumbnail };
  } catch (cause) {
    signal.throwIfAborted();
    if (isDeblurError(cause)) throw cause;
    throw new IoError(tiles?.path ?? scratch, libvipsMessage(cause), { cause });
  } finally {
    await rows.close();
  }
}
