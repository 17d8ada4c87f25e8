/**
 * Converts between Exif, which is a TIFF without pixels, and the tags of a TIFF. Values stay as they are; only the
 * places of the directories change.
 */
import type { ImageMetadata } from "../../formats/metadata.ts";
import { bytesInMemory } from "../../system/bytes.ts";
import { withoutMark } from "../exif/fields.ts";
import { captionsAmong, photoshopResources } from "../exif/iptc.ts";
import type { TiffTags } from "./carried-tags.ts";
import { bytesEntry, entryOf, type TiffDirectory, type TiffEntry } from "./directory.ts";
import { needsBig } from "./field-types.ts";
import { readDirectories } from "./read/read-directories.ts";
import { tags } from "./tags.ts";
import { fileHeader, headerBytes, layOutDirectories } from "./write/write-directories.ts";

const inch = 2;

/** The first directory's tags that Exif 2.32 allows beside an image, and what Windows and Adobe add. */
const ofExif: ReadonlySet<number> = new Set([
  ...[270, 271, 272, tags.orientation, tags.xResolution, tags.yResolution, tags.resolutionUnit],
  ...[301, 305, 306, 315, 316, 318, 319, 18246, 18249, 33432],
  ...[40091, 40092, 40093, 40094, 40095],
]);

/** Turns the metadata of an image that is no TIFF into tags. An unreadable Exif block is left out. */
export async function tagsOfMetadata(metadata: ImageMetadata): Promise<TiffTags> {
  const { exif, icc, xmp, iptc, density, orientation } = metadata;
  const read = exif && (await readDirectories(bytesInMemory(withoutMark(exif)), { limit: 1 }));
  const littleEndian = read?.littleEndian ?? true;
  const ofBlock = read?.directories[0] ?? { entries: [], directories: new Map() };
  const resources = iptc && photoshopResources(iptc);
  const captions = resources ? captionsAmong(resources) : iptc;
  const short = (tag: number, value: number) => entryOf(tag, "short", [value], littleEndian);
  const added: readonly (TiffEntry | undefined)[] = [
    orientation === undefined ? undefined : short(tags.orientation, orientation),
    icc && bytesEntry(tags.icc, "undefined", icc),
    xmp && bytesEntry(tags.xmp, "byte", xmp),
    resources && bytesEntry(tags.photoshop, "byte", resources),
    captions && bytesEntry(tags.iptc, "undefined", captions),
  ];
  const { xResolution, yResolution, resolutionUnit } = tags;
  const rational = (tag: number) => entryOf(tag, "rational", [density ?? 0], littleEndian);
  const sized = ofBlock.entries.some(({ tag }) => tag === xResolution);
  const resolution =
    density === undefined || sized
      ? []
      : [rational(xResolution), rational(yResolution), short(resolutionUnit, inch)];
  const entries = new Map<number, TiffEntry>();
  // What Exif says itself stands.
  for (const entry of [...ofBlock.entries, ...added, ...resolution]) {
    if (entry !== undefined && !entries.has(entry.tag)) entries.set(entry.tag, entry);
  }
  return {
    littleEndian,
    directory: { entries: [...entries.values()], directories: ofBlock.directories },
  };
}

/** Said by other means than Exif where it is all there is to say. */
const saidElsewhere: ReadonlySet<number> = new Set([
  tags.orientation,
  tags.xResolution,
  tags.yResolution,
  tags.resolutionUnit,
]);

/**
 * The Exif block of a TIFF's tags, a classic TIFF structure without a mark before it; undefined where they say no
 * more than orientation and resolution.
 */
export function exifOfTags({ littleEndian, directory }: TiffTags): Buffer | undefined {
  const kept = classic(directory);
  const entries = kept.entries.filter(({ tag }) => ofExif.has(tag));
  const { directories } = kept;
  if (entries.every(({ tag }) => saidElsewhere.has(tag)) && directories.size === 0)
    return undefined;
  const form = { littleEndian, big: false, at: headerBytes(false) };
  return Buffer.concat([fileHeader(form), layOutDirectories([{ entries, directories }], form)]);
}

/** Without the few entries a classic TIFF cannot hold. */
function classic({ entries, directories }: TiffDirectory): TiffDirectory {
  return {
    entries: entries.filter(({ type }) => !needsBig(type)),
    directories: new Map([...directories].map(([tag, below]) => [tag, classic(below)])),
  };
}
