/** Reads from the tags of a TIFF what travels with its pixels. */
import type { ImageMetadata } from "../../../formats/metadata.ts";
import type { TiffTags } from "../carried-tags.ts";
import { type TagValues, valuesOf } from "../directory.ts";
import { tags } from "../tags.ts";

/** Profile, XMP, IPTC, orientation, and density in pixels an inch. */
export function metadataOfTags({ directory: raw, littleEndian }: TiffTags): ImageMetadata {
  const directory = valuesOf(raw, littleEndian);
  const [icc, xmp, iptc] = [tags.icc, tags.xmp, tags.iptc].map((tag) => {
    const values = directory.numbers(tag);
    return values.length > 0 ? Buffer.from(Uint8Array.from(values)) : undefined;
  });
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

/** ResolutionUnit 2 is the inch, 3 the centimetre, 1 none. */
function densityOf(directory: TagValues): number | undefined {
  const [over, under] = Array.from(directory.numbers(tags.xResolution));
  const inch = { 2: 1, 3: 2.54 }[directory.number(tags.resolutionUnit, 2)];
  if (over === undefined || !under || inch === undefined) return undefined;
  return (over / under) * inch;
}
