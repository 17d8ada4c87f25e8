/** A finished picture in, what a page shows of it out: a JPEG in the page, or Deep Zoom tiles beside it. */
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

/** What a viewer opens. */
export type ShownImage =
  | { readonly type: "image"; readonly url: string }
  | {
      readonly type: "tiles";
      /** The folder of the tiles, from the page. */
      readonly folder: string;
      readonly width: number;
      readonly height: number;
    };

export interface ShownFiles {
  readonly image: ShownImage;
  /** A small JPEG, as an address of data. */
  readonly thumbnail: string;
}

export interface ShowOptions {
  /** Where the picture's rows lie meanwhile. */
  readonly scratch: string;
  readonly icc: Buffer | undefined;
  /** Where tiles go: the path without a suffix, and the same from the page; none: into the page. */
  readonly tiles: { readonly path: string; readonly address: string } | undefined;
  readonly signal: AbortSignal;
}

const quality = 92;
/** Longest side of a thumbnail, px. */
const small = 160;

/**
 * Makes the files of `picture`, 8 bits, of the colours of `icc` (sRGB where there is none), in sRGB.
 * @throws IoError where the disk refuses; what reading throws; the signal's reason
 */
export async function showImage(
  picture: ImageSource,
  { scratch, icc, tiles, signal }: ShowOptions,
): Promise<ShownFiles> {
  const { width, height, channels } = picture;
  const form = { width, height, channels, sampleType: "uint8" } as const;
  const { header } = layOutStripTiff({ ...form, ...(icc && { icc }) });
  const rows = await openScratchImage(scratch, form, header);
  try {
    await pullAll(picture, (rect, raster) => rows.put(rect, raster.samples), {
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
    const image = { type: "tiles", folder: `${tiles.address}_files/`, width, height } as const;
    return { image, thumbnail };
  } catch (cause) {
    signal.throwIfAborted();
    if (isDeblurError(cause)) throw cause;
    throw new IoError(tiles?.path ?? scratch, libvipsMessage(cause), { cause });
  } finally {
    await rows.close();
  }
}
