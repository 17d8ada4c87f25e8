/** Opens an image as the mask of another: turned and scaled to it, white where it is restored. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../errors.ts";
import { plainRadiometry } from "../../image/radiometry.ts";
import type { ImageSource } from "../../image/raster.ts";
import { resized } from "../../image/resized.ts";
import { inverseOrientation, uprightSize, uprightSource } from "../../image/upright.ts";
import { differs, extentOf } from "../formats/tiff/extent.ts";
import { openInput } from "./open-input.ts";
import type { OpenedSource } from "./opened-source.ts";

/** The image that a mask belongs to. */
type Masked = Pick<OpenedSource, "width" | "height" | "metadata"> &
  Pick<Partial<OpenedSource>, "tags">;

/** A mask of an image's stored size. */
export interface OpenedMask {
  readonly mask: ImageSource;
  /** One line each: what may not be meant. */
  readonly notes: readonly string[];
  /** Closes its file and deletes what was spooled. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens the image at `path` as a mask of `image`. Both are compared as viewers show them, turned by their Exif
 * orientations; a mask of another size is scaled. White is the greatest value of its type. The caller closes it.
 * @throws as `openInput`; InputError if both are georeferenced and cover different areas
 */
export async function openMask(
  path: string,
  image: Masked,
  {
    folder,
    ...reading
  }: {
    /** Where it is decoded to if necessary: the run's folder. */
    readonly folder: string;
    readonly maxPixels: number;
    /** Side of what will be read at once, pixels. */
    readonly tile: number;
    readonly signal?: AbortSignal;
  },
): Promise<OpenedMask> {
  const {
    width,
    height,
    metadata: { orientation },
  } = image;
  // The image itself may be decoded into the same folder.
  const spool = join(folder, "mask");
  await mkdir(spool, { recursive: true });
  const { source } = await openInput(path, {
    ...reading,
    ...{ folder: spool, bands: undefined, range: undefined, tolerant: false },
  });
  const [own, its] = [extentOf(source.tags, source), extentOf(image.tags, image)];
  if (own && its && differs(own, its, 0.5 / Math.max(width, height))) {
    await source.close();
    throw new InputError(path, "the mask covers another area than the image: cut it to the image");
  }
  const { range } = plainRadiometry(source.channels, source.sampleType);
  const seen = uprightSource(
    { ...source, radiometry: { ...source.radiometry, range } },
    source.metadata.orientation,
  );
  const size = uprightSize({ width, height }, orientation);
  const scaled = resized(seen, size);
  return {
    notes: [...stretched(path, seen, size), ...(await dark(path, seen, reading.signal))],
    mask: uprightSource(scaled, inverseOrientation(orientation)),
    close: () => source.close(),
  };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Reports a mask of another shape, such as one that was turned. */
function stretched(path: string, mask: Size, image: Size): string[] {
  const ratio = (mask.width * image.height) / (mask.height * image.width);
  // Rounded sizes of a smaller mask differ a little.
  if (Math.abs(Math.log(ratio)) < 0.02) return [];
  const { width, height } = mask;
  return [`${path}: a mask of ${width}×${height} is stretched to ${image.width}×${image.height}`];
}

/** Masks up to so many pixels are searched for their brightest one. */
const mostSearched = 2 ** 25;

/** Reports a mask that is nearly black everywhere, such as one of the values 0 and 1 in bytes. */
async function dark(path: string, mask: ImageSource, signal?: AbortSignal): Promise<string[]> {
  const { width, height, channels, radiometry } = mask;
  if (width * height > mostSearched || radiometry === undefined) return [];
  const [, white] = radiometry.range;
  let brightest = 0;
  for (let y = 0; y < height; y += 256) {
    const rect = { x: 0, y, width, height: Math.min(256, height - y) };
    const { samples } = await mask.read(rect, { signal: signal ?? new AbortController().signal });
    for (let at = 0; at < samples.length; at += channels) {
      for (const colour of radiometry.colours) {
        brightest = Math.max(brightest, samples[at + colour] as number);
      }
    }
    if (brightest > 0.1 * white) return [];
  }
  return [
    `${path}: the mask's greatest value is ${brightest}, and ${white} is white: little is restored`,
  ];
}
