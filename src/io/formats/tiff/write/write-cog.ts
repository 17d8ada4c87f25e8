/**
 * Writes an image as a cloud-optimised GeoTIFF (OGC 21-026): all directories first, then the tiles from the smallest
 * overview to the full image. Tiles and overviews first go into a file of their own, since the place of a tile
 * depends on the size of all before it.
 */
import { type FileHandle, open, rm } from "node:fs/promises";
import type { ImageSource } from "../../../../image/raster.ts";
import { type Appender, appendTo, type WritingContext } from "../../../pool/append-in-order.ts";
import { entryOf, integerOf, type TiffDirectory } from "../directory.ts";
import { tags } from "../tags.ts";
import { halfSize, halved } from "./half-size-source.ts";
import type { Averaging } from "./halve-tiles.ts";
import type { TilePlaces } from "./tile-layout.ts";
import { endOf, fileHeader, headerBytes, layOutDirectories } from "./write-directories.ts";
import { writeTiles } from "./write-tiles.ts";
import {
  directoryOf,
  fitsClassic,
  maskTags,
  type PageWithMask,
  pagesOf,
  radiometryOf,
  type TiffForm,
  type WrittenPage,
  writePair,
} from "./written-page.ts";

/** GDAL's note to readers, between header and first directory; the space leaves room for a YES. */
const layoutNote =
  "LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\nKNOWN_INCOMPATIBLE_EDITION=NO\n ";
const note = Buffer.from(
  `GDAL_STRUCTURAL_METADATA_SIZE=${String(layoutNote.length).padStart(6, "0")} bytes\n${layoutNote}`,
  "latin1",
);
/** Bytes copied at a time. */
const copyBytes = 2 ** 20;

/** Where the tiles of `path` lie before they have their places. */
function levelsFile(path: string): string {
  return `${path}.levels`;
}

/**
 * Writes `image` into the new file `path`, samples of a pixel together, with overviews down to one tile. Needs twice
 * the space of the output meanwhile. Fails as `writeTiff`.
 */
export async function writeCog(
  path: string,
  image: ImageSource,
  form: TiffForm,
  context: WritingContext,
): Promise<void> {
  const tilesPath = levelsFile(path);
  const tiles = await open(tilesPath, "wx+");
  try {
    const levels = await writeLevels(image, { ...form, planar: false }, tiles, context);
    const file = await open(path, "wx");
    try {
      await assemble(levels, form, tiles, appendTo(file, 0), context.signal);
    } finally {
      await file.close();
    }
  } finally {
    await tiles.close();
    await rm(tilesPath, { force: true });
  }
}

/** The image, then its overviews, each half the one before. */
async function writeLevels(
  image: ImageSource,
  form: TiffForm,
  tiles: FileHandle,
  context: WritingContext,
): Promise<readonly PageWithMask[]> {
  const file = appendTo(tiles, 0);
  let level = await writePair(image, form, file, context);
  const levels = [level];
  const described = overviewTags(level.page.described, form.origin.littleEndian);
  const averaging = averagingOf(image, level.page, form.origin.littleEndian);
  while (isLarge(level.page)) {
    level = await writeOverview(level, { described, averaging, fd: tiles.fd }, file, context);
    levels.push(level);
  }
  return levels;
}

interface OverviewForm {
  readonly described: TiffDirectory;
  readonly averaging: Averaging | undefined;
  readonly fd: number;
}

async function writeOverview(
  { page, mask }: PageWithMask,
  { described, averaging, fd }: OverviewForm,
  file: Appender,
  context: WritingContext,
): Promise<PageWithMask> {
  const write = async (
    of: WrittenPage,
    source: ImageSource,
    says: TiffDirectory,
  ): Promise<WrittenPage> => {
    const layout = { ...of.layout, ...halfSize(of.layout) };
    return { layout, described: says, places: await writeTiles(source, layout, file, context) };
  };
  const { pool } = context;
  const smaller = await write(page, halved(page, { fd, mask, averaging }, pool), described);
  if (mask === undefined) return { page: smaller, mask };
  const nearest = halved(mask, { fd, mask: undefined, averaging: undefined }, pool);
  const says = maskTags("smaller mask", mask.layout.littleEndian);
  return { page: smaller, mask: await write(mask, nearest, says) };
}

/** More than one tile. */
function isLarge({ layout: { width, height, tileWidth, tileHeight } }: WrittenPage): boolean {
  return width > tileWidth || height > tileHeight;
}

/** Numbers of a palette have no mean. */
function averagingOf(
  image: ImageSource,
  { described }: WrittenPage,
  littleEndian: boolean,
): Averaging | undefined {
  const palette = 3;
  if (integerOf(described, tags.photometric, littleEndian) === palette) return undefined;
  const { nodata, alpha } = radiometryOf(image);
  return { nodata, alpha: alpha?.channel };
}

/** A smaller copy, and what its samples are. */
function overviewTags({ entries }: TiffDirectory, littleEndian: boolean): TiffDirectory {
  const ofSamples: readonly number[] = [
    tags.photometric,
    tags.colorMap,
    tags.extraSamples,
    tags.gdalNodata,
  ];
  const reduced = entryOf(tags.subfileType, "long", [1], littleEndian);
  return {
    entries: [reduced, ...entries.filter(({ tag }) => ofSamples.includes(tag))],
    directories: new Map(),
  };
}

/** Header, note, directories from large to small, tiles from small to large. */
async function assemble(
  levels: readonly PageWithMask[],
  { origin: { littleEndian }, big: asked }: TiffForm,
  tiles: FileHandle,
  file: Appender,
  signal: AbortSignal,
): Promise<void> {
  const pages = levels.flatMap(pagesOf);
  const inFile = [...levels].reverse().flatMap(pagesOf);
  const following = inFile.reduce((sum, page) => sum + lengthOf(page), 0);
  const after = (big: boolean) => even(headerBytes(big) + note.length);
  const big = asked === true || !fitsClassic(pages, { at: after(false), following });
  const form = { littleEndian, big, at: after(big) };

  const sized = pages.map((page) => directoryOf(page, big));
  let start = endOf(sized, form);
  const moved = new Map<WrittenPage, WrittenPage>();
  for (const page of inFile) {
    moved.set(page, { ...page, places: movedTo(page.places, start) });
    start += lengthOf(page);
  }
  const placed = pages.map((page) => moved.get(page) ?? page);
  const directories = placed.map((page) => directoryOf(page, big));
  await file.append(fileHeader(form));
  await file.append(note);
  await file.append(new Uint8Array(form.at - file.position));
  await file.append(layOutDirectories(directories, form));
  for (const page of inFile) await copyTiles(page, tiles, file, signal);
}

/** The tiles of an image follow each other without a gap. */
function lengthOf({ places: { offsets, byteCounts } }: WrittenPage): number {
  const last = offsets.length - 1;
  return (offsets[last] as number) + (byteCounts[last] as number) - (offsets[0] as number);
}

function movedTo({ offsets, byteCounts }: TilePlaces, start: number): TilePlaces {
  const first = offsets[0] as number;
  return { offsets: offsets.map((offset) => offset - first + start), byteCounts };
}

async function copyTiles(
  page: WrittenPage,
  tiles: FileHandle,
  file: Appender,
  signal: AbortSignal,
): Promise<void> {
  const start = page.places.offsets[0] as number;
  const end = start + lengthOf(page);
  const buffer = new Uint8Array(copyBytes);
  for (let at = start; at < end; ) {
    signal.throwIfAborted();
    const { bytesRead } = await tiles.read(buffer, 0, Math.min(copyBytes, end - at), at);
    if (bytesRead === 0) throw new Error("the file of written tiles ends too early");
    await file.append(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

function even(length: number): number {
  return length + (length % 2);
}
