/** Computes the area that a GeoTIFF covers, as far as its tags give it without a rotation. */
import type { TiffTags } from "./carried-tags.ts";
import { tags } from "./tags.ts";

/** The edges of an image in the units of its coordinate system. */
export interface MapArea {
  readonly west: number;
  readonly north: number;
  readonly east: number;
  readonly south: number;
}

/** The extent by pixel scale and first tie point (GeoTIFF 1.1, B.6); undefined: the tags hold none of that form. */
export function extentOf(
  found: TiffTags | undefined,
  { width, height }: { readonly width: number; readonly height: number },
): MapArea | undefined {
  const [across, down] = numbersOf(found, tags.modelPixelScale);
  const [i = 0, j = 0, , x, y] = numbersOf(found, tags.modelTiepoint);
  if (across === undefined || down === undefined || x === undefined || y === undefined) {
    return undefined;
  }
  const [west, north] = [x - i * across, y + j * down];
  return { west, north, east: west + width * across, south: north - height * down };
}

/** True if two extents differ by more than `most` parts of the first one's sides. */
export function differs(a: MapArea, b: MapArea, most: number): boolean {
  const width = Math.abs(a.east - a.west) * most;
  const height = Math.abs(a.north - a.south) * most;
  return (
    Math.max(Math.abs(a.west - b.west), Math.abs(a.east - b.east)) > width ||
    Math.max(Math.abs(a.north - b.north), Math.abs(a.south - b.south)) > height
  );
}

/** The doubles of an entry; none if it is missing or of another type. */
function numbersOf(found: TiffTags | undefined, tag: number): number[] {
  const entry = found?.directory.entries.find((one) => one.tag === tag);
  if (entry === undefined || entry.type !== 12 || found === undefined) return [];
  const { bytes } = entry;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / 8) }, (_, i) =>
    view.getFloat64(8 * i, found.littleEndian),
  );
}
