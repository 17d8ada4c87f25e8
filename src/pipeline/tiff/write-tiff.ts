/**
 * A picture becomes a tiled TIFF in one pass: tiles as they are pulled, the directories after them, and last the
 * header that points there. Classic TIFF where everything lies below 4 GB, else BigTIFF.
 */
import { open } from "node:fs/promises";
import type { Radiometry } from "../../operators/radiometry.ts";
import { plainRadiometry } from "../../operators/radiometry.ts";
import { bitsOf } from "../../operators/samples.ts";
import type { ImageSource } from "../../operators/tile.ts";
import { type Appender, appendTo, type WritingContext } from "../write-in-order.ts";
import { carriedTags, type TiffTags } from "./carried-tags.ts";
import { entryOf, type TiffDirectory } from "./directory.ts";
import { sampleEntries } from "./sample-tags.ts";
import { tags } from "./tags.ts";
import {
  layoutEntries,
  type TiffCompression,
  type TileLayout,
  type TilePlaces,
  tileSide,
  tileSize,
} from "./tile-layout.ts";
import { validOf } from "./valid-mask.ts";
import { endOf, fileHeader, headerBytes, layOutDirectories, needBig } from "./write-directories.ts";
import { writeTiles } from "./write-tiles.ts";

export interface TiffForm {
  readonly compression: TiffCompression;
  /** Each channel in tiles of its own. */
  readonly planar: boolean;
  /** What the picture has to say; its byte order becomes the file's. */
  readonly origin: TiffTags;
  /** True where samples are as the TIFF `origin` has them, not what a decoder made of them. */
  readonly asStored: boolean;
  /** Carry only what says what pixels mean. */
  readonly strip: boolean;
  /** Its rasters say which pixels are valid; written as a mask. */
  readonly valid?: ImageSource;
  /** BigTIFF even where the file is small. */
  readonly big?: boolean;
}

/** A picture of a file: how its pixels are arranged, where they lie, and the other entries. */
export interface WrittenPicture {
  readonly layout: TileLayout;
  readonly places: TilePlaces;
  /** Entries that do not depend on the arrangement. */
  readonly described: TiffDirectory;
}

/** Offsets of a classic TIFF end here. */
const classicEnd = 0xffff_ffff;

/**
 * Writes `image` into the new file `path` on the run's disk; the caller deletes it on failure. Gives back what was
 * written: the picture, then its mask.
 * Fails with the system's error, what reading fails with, or the signal's reason.
 */
export async function writeTiff(
  path: string,
  image: ImageSource,
  form: TiffForm,
  context: WritingContext,
): Promise<readonly WrittenPicture[]> {
  const file = await open(path, "wx");
  try {
    // Either header has room here.
    const appender = appendTo(file, headerBytes(true));
    const pictures = await writePictures(image, form, appender, context);
    if (appender.position % 2 === 1) await appender.append(new Uint8Array(1));
    const at = appender.position;
    const { littleEndian } = form.origin;
    const big = form.big === true || !fitsClassic(pictures, at);
    const directories = pictures.map((picture) => directoryOf(picture, big));
    await appender.append(layOutDirectories(directories, { littleEndian, big, at }));
    await appendTo(file, 0).append(fileHeader({ littleEndian, big, at }));
    return pictures;
  } finally {
    await file.close();
  }
}

/** All entries of a written picture. */
export function directoryOf(
  { layout, places, described }: WrittenPicture,
  big: boolean,
): TiffDirectory {
  return { ...described, entries: [...layoutEntries(layout, places, big), ...described.entries] };
}

/** True where directories from `at` on, the end of the pixels, leave a classic TIFF. */
export function fitsClassic(pictures: readonly WrittenPicture[], at: number): boolean {
  const directories = pictures.map((picture) => directoryOf(picture, false));
  const end = endOf(directories, { littleEndian: true, big: false, at });
  return end <= classicEnd && !needBig(directories);
}

async function writePictures(
  image: ImageSource,
  form: TiffForm,
  file: Appender,
  context: WritingContext,
): Promise<WrittenPicture[]> {
  const { origin, asStored, strip, valid } = form;
  const { littleEndian } = origin;
  const { channels, sampleType } = image;
  const radiometry: Radiometry = image.radiometry ?? plainRadiometry(channels, sampleType);
  const carried = carriedTags(origin, { strip });
  const meaning = { channels, radiometry, origin, asStored };
  const described: TiffDirectory = {
    entries: [...sampleEntries(meaning, littleEndian), ...carried.entries],
    directories: carried.directories,
  };
  const layout = layoutOf(image, form);
  const picture = { layout, described, places: await writeTiles(image, layout, file, context) };
  if (valid === undefined) return [picture];
  const mask = validOf(valid);
  const ofMask: TileLayout = {
    ...layout,
    ...{ channels: 1, sampleType: "uint8", planar: false, asBits: true, compression: "deflate" },
  };
  const maskPlaces = await writeTiles(mask, ofMask, file, context);
  return [picture, { layout: ofMask, described: maskTags(littleEndian, 4), places: maskPlaces }];
}

function layoutOf(image: ImageSource, { compression, planar, origin }: TiffForm): TileLayout {
  const { width, height, channels, sampleType } = image;
  const side = tileSide((channels * bitsOf(sampleType)) / 8);
  return {
    ...{ width, height, channels, sampleType, compression },
    ...tileSize(image, side),
    planar: planar && channels > 1,
    asBits: false,
    littleEndian: origin.littleEndian,
  };
}

/** What a mask says of itself; `kind` 4, and 5 where it is a smaller copy. */
export function maskTags(littleEndian: boolean, kind: 4 | 5): TiffDirectory {
  const transparencyMask = 4;
  return {
    entries: [
      entryOf(tags.subfileType, "long", [kind], littleEndian),
      entryOf(tags.photometric, "short", [transparencyMask], littleEndian),
    ],
    directories: new Map(),
  };
}
