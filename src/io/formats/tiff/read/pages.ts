/** The pictures of a TIFF that belong together: the first one, its mask, and smaller copies of both. */
import type { Bytes } from "../../../system/bytes.ts";
import { type Directories, type Directory, readDirectories, tags } from "./directories.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { type Meaning, meaningOf } from "./meaning.ts";

export interface Image {
  readonly layout: Layout;
  /** Of 1 or 8 bits, not 0 where the picture holds a measurement. */
  readonly mask: Layout | undefined;
}

export interface Images extends Image {
  readonly directory: Directory;
  readonly meaning: Meaning;
  /** From large to small. */
  readonly overviews: readonly Image[];
}

/** Flags of NewSubfileType (TIFF 6.0). */
const reduced = 1;
const maskOf = 4;

/** Reads what a file says of its pictures. @throws Error saying in a few words what is wrong with it */
export async function readImages(bytes: Bytes): Promise<Images> {
  const directories = await readDirectories(bytes);
  const [directory] = directories.all;
  const form = { littleEndian: directories.littleEndian, size: bytes.size };
  const layout = layoutOf(directory, form, "samples");
  const masks = subfiles(directories, maskOf).map((found) => layoutOf(found, form, "mask"));
  const withMask = (image: Layout): Image => ({
    layout: image,
    mask: masks.find(({ width, height }) => width === image.width && height === image.height),
  });
  const overviews = subfiles(directories, reduced)
    .map((found) => withMask(layoutOf(found, form, "samples")))
    .filter(({ layout: small }) => isCopyOf(small, layout))
    .sort((a, b) => b.layout.width - a.layout.width);
  return { directory, meaning: meaningOf(directory, layout), ...withMask(layout), overviews };
}

/** True where a file has a mask for its first picture. */
export function hasMask(directories: Directories): boolean {
  return subfiles(directories, maskOf).length > 0;
}

function subfiles({ all }: Directories, flag: typeof reduced | typeof maskOf): Directory[] {
  const others = all.slice(1).map((found) => [found, found.number(tags.subfileType, 0)] as const);
  return others.flatMap(([found, kind]) => {
    const isMask = (kind & maskOf) !== 0;
    return (flag === maskOf ? isMask : (kind & reduced) !== 0 && !isMask) ? [found] : [];
  });
}

function isCopyOf(small: Layout, { sampleType, bands, photometric }: Layout): boolean {
  const same = small.sampleType === sampleType && small.photometric === photometric;
  return same && small.bands === bands;
}
