/** Finds the images of a TIFF that belong together: the first one, its mask, and smaller copies of both. */
import type { TiffTags } from "../carried-tags.ts";
import { type TagValues, type Tiff, type TiffDirectory, valuesOf } from "../directory.ts";
import { tags } from "../tags.ts";
import { type Meaning, meaningOfTags } from "./band-meaning.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { withoutPlaces } from "./read-directories.ts";

export interface Image {
  readonly layout: Layout;
  /** Of 1 or 8 bits, not 0 where the image holds a measurement. */
  readonly mask: Layout | undefined;
}

export interface Images extends Image {
  /** What the first image says, without the places of its blocks. */
  readonly tags: TiffTags;
  readonly meaning: Meaning;
  /** From large to small. */
  readonly overviews: readonly Image[];
}

/** Flags of NewSubfileType (TIFF 6.0). */
const reduced = 1;
const maskOf = 4;

/** The images of a file of `size` bytes. @throws Error saying in a few words what is wrong with them */
export function imagesIn(tiff: Tiff, size: number): Images {
  const { littleEndian } = tiff;
  const [first] = tiff.directories as [TiffDirectory];
  const values = valuesOf(first, littleEndian);
  const form = { littleEndian, size };
  const layout = layoutOf(values, form, "samples");
  const masks = subfiles(tiff, maskOf).map((found) => layoutOf(found, form, "mask"));
  const withMask = (image: Layout): Image => ({
    layout: image,
    mask: masks.find(({ width, height }) => width === image.width && height === image.height),
  });
  const overviews = subfiles(tiff, reduced)
    .map((found) => withMask(layoutOf(found, form, "samples")))
    .filter(({ layout: small }) => isCopyOf(small, layout))
    .sort((a, b) => b.layout.width - a.layout.width);
  const said = { littleEndian, directory: withoutPlaces(first) };
  const meaning = meaningOfTags(values, layout);
  return { tags: said, meaning, ...withMask(layout), overviews };
}

/** True where a file has a mask for its first image. */
export function hasMask(tiff: Tiff): boolean {
  return subfiles(tiff, maskOf).length > 0;
}

function subfiles(
  { directories, littleEndian }: Tiff,
  flag: typeof reduced | typeof maskOf,
): TagValues[] {
  const others = directories.slice(1).map((found) => valuesOf(found, littleEndian));
  return others.flatMap((found) => {
    const kind = found.number(tags.subfileType, 0);
    const isMask = (kind & maskOf) !== 0;
    return (flag === maskOf ? isMask : (kind & reduced) !== 0 && !isMask) ? [found] : [];
  });
}

function isCopyOf(small: Layout, { sampleType, bands, photometric }: Layout): boolean {
  const same = small.sampleType === sampleType && small.photometric === photometric;
  return same && small.bands === bands;
}
