/** GDAL's metadata of a TIFF (tag 42112), a line of XML an item. */

/** Minimum, mean and the like, of a band of the picture as it was. GDAL drops them too when pixels change. */
const statistic = /[ \t]*<Item name="STATISTICS_[A-Z_]+"[^<>]*>[^<>]*<\/Item>\r?\n?/g;

/** The metadata without statistics, otherwise byte for byte; undefined where nothing else was said. */
export function withoutStatistics(metadata: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(metadata).toString("latin1");
  const left = text.replace(statistic, "");
  if (left === text) return metadata;
  return left.includes("<Item") ? Buffer.from(left, "latin1") : undefined;
}
