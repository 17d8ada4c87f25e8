/** Encodes a finished image as a TIFF with all tags of its source, in the source's arrangement where it is known. */
import type { ImageSource } from "../../../../image/raster.ts";
import type { ImageMetadata } from "../../../formats/metadata.ts";
import type { WritingContext } from "../../../pool/append-in-order.ts";
import { isGeoreferenced, type TiffTags } from "../carried-tags.ts";
import { integerOf } from "../directory.ts";
import { tagsOfMetadata } from "../exif-tags.ts";
import { tags } from "../tags.ts";
import type { TiffCompression } from "./tile-layout.ts";
import { writeCog } from "./write-cog.ts";
import { writeTiff } from "./write-tiff.ts";

export interface TiffEncoding {
  /** Of a source that is no TIFF. */
  readonly metadata: ImageMetadata;
  readonly tiff: TiffWishes;
  /** Leave out what does not say what pixels mean. */
  readonly stripMetadata: boolean;
}

/** What a TIFF output takes over from its source, and what was asked for. */
export interface TiffWishes {
  /** The tags of the source; undefined: it is no TIFF. */
  readonly origin?: TiffTags;
  /** True where samples are as that TIFF has them, not what a decoder made of them. */
  readonly asStored?: boolean;
  /** None said: that of a georeferenced source where it is none, else deflate. */
  readonly compression?: TiffCompression | undefined;
  /** Its rasters say which pixels are valid; written as a mask. */
  readonly valid?: ImageSource;
  /** Cloud-optimised: with overviews, directories first. */
  readonly cog?: boolean;
}

/** Writes `image` into the new file `to`; left to the caller, also half written on failure. Fails as `writeTiff`. */
export async function encodeTiff(
  image: ImageSource,
  to: string,
  { metadata, tiff, stripMetadata }: TiffEncoding,
  context: WritingContext,
): Promise<void> {
  const origin = tiff.origin ?? (await tagsOfMetadata(metadata));
  const number = (tag: number) => integerOf(origin.directory, tag, origin.littleEndian);
  const storedPlain = isGeoreferenced(origin) && number(tags.compression) === 1;
  const form = {
    origin,
    compression: tiff.compression ?? (storedPlain ? "none" : "deflate"),
    planar: number(tags.planarConfiguration) === 2,
    asStored: tiff.asStored ?? false,
    strip: stripMetadata,
    ...(tiff.valid && { valid: tiff.valid }),
  } as const;
  await (tiff.cog ? writeCog : writeTiff)(to, image, form, context);
}
