/**
 * Selects what of a TIFF's directory is carried into another TIFF of the same image, byte for byte: everything but
 * the arrangement of the pixels, which is the writer's own, and what was measured on pixels that are gone.
 */
import { integerOf, type TiffDirectory, type TiffEntry } from "./directory.ts";
import { tags } from "./tags.ts";

/** What an image has to say about itself in TIFF's words: of a TIFF its first directory, all of it. */
export interface TiffTags {
  /** Byte order of the entries' values. */
  readonly littleEndian: boolean;
  readonly directory: TiffDirectory;
}

/** Both ends included. */
type Range = readonly [first: number, last: number];

/** How samples are arranged, coded and named; other images in the file; extremes of the samples. */
const layout: readonly Range[] = [
  [254, 259],
  [262, 266],
  [273, 273],
  [277, 281],
  [284, 284],
  [288, 289],
  [292, 293],
  [317, 317],
  [320, 320],
  [322, 330],
  [332, 341],
  [346, 347],
  [400, 400],
  [512, 532],
  [37724, 37724],
  [50674, 50674],
];

/** What pixels mean: orientation, resolution, colour, place on earth, the value of no measurement. */
const meaning: readonly Range[] = [
  [tags.orientation, tags.orientation],
  [tags.xResolution, tags.yResolution],
  [tags.resolutionUnit, tags.resolutionUnit],
  [301, 301],
  [318, 319],
  [tags.modelPixelScale, tags.modelPixelScale],
  [33918, 33920],
  [tags.modelTiepoint, tags.modelTiepoint],
  [tags.modelTransformation, tags.modelTransformation],
  [tags.icc, tags.icc],
  [tags.geoKeys, 34737],
  [tags.gdalNodata, tags.gdalNodata],
  [50844, 50844],
];

const placeOnEarth = [tags.modelPixelScale, tags.modelTransformation, tags.modelTiepoint] as const;

/** The entries to carry; with `strip` only those that say what pixels mean. */
export function carriedTags(
  { directory, littleEndian }: TiffTags,
  { strip }: { readonly strip: boolean },
): TiffDirectory {
  const inks = integerOf(directory, tags.photometric, littleEndian) === 5;
  const entries = directory.entries.flatMap((entry) => {
    const { tag } = entry;
    // The profile of inks does not describe the RGB they became.
    if (isIn(layout, tag) || (inks && tag === tags.icc)) return [];
    if (strip && !isIn(meaning, tag)) return [];
    return tag === tags.gdalMetadata ? withStatisticsGone(entry) : [entry];
  });
  return { entries, directories: strip ? new Map() : directory.directories };
}

/** True where the image says where on earth it lies. */
export function isGeoreferenced({ directory }: TiffTags): boolean {
  return directory.entries.some(({ tag }) => placeOnEarth.some((one) => one === tag));
}

function withStatisticsGone(entry: TiffEntry): readonly TiffEntry[] {
  const bytes = withoutStatistics(entry.bytes);
  return bytes === undefined ? [] : [{ ...entry, count: bytes.length, bytes }];
}

function isIn(ranges: readonly Range[], tag: number): boolean {
  return ranges.some(([first, last]) => first <= tag && tag <= last);
}

/** Minimum, mean and the like, of a band of the image as it was. GDAL drops them too when pixels change. */
const statistic = /[ \t]*<Item name="STATISTICS_[A-Z_]+"[^<>]*>[^<>]*<\/Item>\r?\n?/g;

/** GDAL's metadata (tag 42112, a line of XML an item) without statistics, otherwise byte for byte; undefined where nothing is left. */
function withoutStatistics(metadata: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(metadata).toString("latin1");
  const left = text.replace(statistic, "");
  if (left === text) return metadata;
  return left.includes("<Item") ? Buffer.from(left, "latin1") : undefined;
}
