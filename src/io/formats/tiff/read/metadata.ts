/** Reads colour profile, XMP, IPTC, orientation and density from the tags of a TIFF. Exif is read by exif-tags.ts. */
import type { ImageMetadata } from "../../../formats/metadata.ts";
import type { TiffTags } from "../carried-tags.ts";
import { type TagValues, valuesOf } from "../directory.ts";
import { tags } from "../tags.ts";

/** Profile, XMP, IPTC, orientation, and density in pixels an inch. */
export function metadataOfTags({ directory: raw, littleEndian }: TiffTags): ImageMetadata {
  const directory = valuesOf(raw, littleEndian);
  const [icc, xmp, words] = [tags.icc, tags.xmp, tags.iptc].map((tag) => {
    const bytes = raw.entries.find((entry) => entry.tag === tag)?.bytes ?? [];
    return bytes.length > 0 ? Buffer.from(bytes) : undefined;
  });
  const iptc = words && inReadingOrder(words);
  const orientation = directory.number(tags.orientation, 0);
  const density = densityOf(directory);
  return {
    ...(icc && { icc }),
    ...(xmp && { xmp }),
    ...(iptc && { iptc }),
    ...(orientation >= 1 && orientation <= 8 && { orientation }),
    ...(density !== undefined && { density }),
  };
}

/** What every data set of IPTC begins with. */
const iptcMark = 0x1c;

/** Some writers store IPTC as 32-bit numbers, in the byte order of their machine: puts its bytes in order. */
function inReadingOrder(iptc: Buffer): Buffer {
  const isSwapped = iptc[0] !== iptcMark && iptc[3] === iptcMark && iptc.length % 4 === 0;
  return isSwapped ? iptc.swap32() : iptc;
}

/** ResolutionUnit 2 is the inch, 3 the centimetre, 1 none. */
function densityOf(directory: TagValues): number | undefined {
  const [over, under] = Array.from(directory.numbers(tags.xResolution));
  const inch = { 2: 1, 3: 2.54 }[directory.number(tags.resolutionUnit, 2)];
  if (over === undefined || !under || inch === undefined) return undefined;
  return (over / under) * inch;
}
