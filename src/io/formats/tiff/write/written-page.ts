/**
 * Writes one image of a TIFF with its mask, and describes it: its arrangement, the places of its tiles, and its tags.
 */
import { plainRadiometry, type Radiometry } from "../../../../image/radiometry.ts";
import type { ImageSource } from "../../../../image/raster.ts";
import { bitsOf } from "../../../../image/samples.ts";
import type { Appender, WritingContext } from "../../../pool/append-in-order.ts";
import { carriedTags, type TiffTags } from "../carried-tags.ts";
import { entryOf, type TiffDirectory } from "../directory.ts";
import { tags } from "../tags.ts";
import { sampleEntries } from "./sample-tags.ts";
import {
  layoutEntries,
  type TiffCompression,
  type TileLayout,
  type TilePlaces,
  tileSide,
  tileSize,
} from "./tile-layout.ts";
import { endOf, needBig } from "./write-directories.ts";
import { writeTiles } from "./write-tiles.ts";

export interface TiffForm {
  readonly compression: TiffCompression;
  /** Each channel in tiles of its own. */
  readonly planar: boolean;
  /** What the image has to say; its byte order becomes the file's. */
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

export interface WrittenPage {
  readonly layout: TileLayout;
  readonly places: TilePlaces;
  /** Entries that do not depend on the arrangement. */
  readonly described: TiffDirectory;
}

/** An image and, where its source has one, the mask of its valid pixels. */
export interface PageWithMask {
  readonly page: WrittenPage;
  readonly mask: WrittenPage | undefined;
}

/** Offsets of a classic TIFF end here. */
const classicEnd = 0xffff_ffff;

/** Appends the tiles of `image`, and then those of its mask. Fails as `writeTiles`. */
export async function writePair(
  image: ImageSource,
  form: TiffForm,
  file: Appender,
  context: WritingContext,
): Promise<PageWithMask> {
  const layout = layoutOf(image, form);
  const places = await writeTiles(image, layout, file, context);
  const page = { layout, places, described: describedOf(image, form) };
  if (form.valid === undefined) return { page, mask: undefined };
  const ofMask = maskLayout(layout);
  const mask = {
    layout: ofMask,
    described: maskTags("mask", layout.littleEndian),
    places: await writeTiles(validOf(form.valid), ofMask, file, context),
  };
  return { page, mask };
}

/** The pair in the order of a file's directories. */
export function pagesOf({ page, mask }: PageWithMask): readonly WrittenPage[] {
  return mask ? [page, mask] : [page];
}

/** All entries of a written image. */
export function directoryOf(
  { layout, places, described }: WrittenPage,
  big: boolean,
): TiffDirectory {
  return { ...described, entries: [...layoutEntries(layout, places, big), ...described.entries] };
}

/**
 * True where the directories fit a classic TIFF from `at` on, and all else of the file is before them or
 * `following` bytes behind.
 */
export function fitsClassic(
  pages: readonly WrittenPage[],
  { at, following = 0 }: { readonly at: number; readonly following?: number },
): boolean {
  const directories = pages.map((page) => directoryOf(page, false));
  const end = endOf(directories, { littleEndian: true, big: false, at });
  return end + following <= classicEnd && !needBig(directories);
}

/** What a mask says of itself, and a smaller copy of a mask. */
export function maskTags(kind: "mask" | "smaller mask", littleEndian: boolean): TiffDirectory {
  const transparencyMask = 4;
  return {
    entries: [
      entryOf(tags.subfileType, "long", [kind === "mask" ? 4 : 5], littleEndian),
      entryOf(tags.photometric, "short", [transparencyMask], littleEndian),
    ],
    directories: new Map(),
  };
}

function maskLayout(layout: TileLayout): TileLayout {
  return {
    ...layout,
    ...{ channels: 1, sampleType: "uint8", planar: false, asBits: true, compression: "deflate" },
  };
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

function describedOf(image: ImageSource, { origin, asStored, strip }: TiffForm): TiffDirectory {
  const { channels } = image;
  const meaning = { channels, radiometry: radiometryOf(image), origin, asStored };
  const { entries, directories } = carriedTags(origin, { strip });
  return { entries: [...sampleEntries(meaning, origin.littleEndian), ...entries], directories };
}

/** What the samples of `image` mean. */
export function radiometryOf({ radiometry, channels, sampleType }: ImageSource): Radiometry {
  return radiometry ?? plainRadiometry(channels, sampleType);
}

/** The pixels that a source holds to be measurements, as an image of one channel: 1 where they are, else 0. */
function validOf(source: ImageSource): ImageSource {
  const { width, height } = source;
  return {
    ...{ width, height, channels: 1, sampleType: "uint8" },
    async read(rect, options) {
      const { valid } = await source.read(rect, options);
      const samples = valid ?? new Uint8Array(rect.width * rect.height).fill(1);
      return { width: rect.width, height: rect.height, channels: 1, samples };
    },
  };
}
