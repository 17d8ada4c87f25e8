/** Defines an opened image: pixels in rectangles, radiometry, format and metadata, whichever decoder reads it. */
import { IoError } from "../../errors.ts";
import type { Radiometry } from "../../image/radiometry.ts";
import type { ImageSource } from "../../image/raster.ts";
import type { Rect } from "../../rect.ts";
import type { ImageFormat } from "../formats/image-formats.ts";
import type { ImageMetadata } from "../formats/metadata.ts";
import type { TiffTags } from "../formats/tiff/carried-tags.ts";

export interface OpenedSource extends ImageSource {
  /** As the user named it. */
  readonly path: string;
  readonly radiometry: Radiometry;
  readonly format: ImageFormat;
  readonly metadata: ImageMetadata;
  /** Those of a sample's bits the file holds: 10 or 12 of 16 in an AVIF; undefined: all. */
  readonly storedBits?: number;
  /** Of a TIFF: all its first directory says. */
  readonly tags?: TiffTags;
  /** True where samples are as the TIFF has them, not what a decoder made of them. */
  readonly asStored?: boolean;
  /** True where the file itself says which pixels hold a measurement, by a mask. */
  readonly masked?: boolean;
  /** Lets go of files and addresses and deletes what was spooled. Idempotent. */
  close(): Promise<void>;
}

/** @throws Error where `rect` is empty or not inside the image */
export function assertInside(
  { x, y, width, height }: Rect,
  image: { readonly width: number; readonly height: number },
): void {
  if (
    x < 0 ||
    y < 0 ||
    width < 1 ||
    height < 1 ||
    x + width > image.width ||
    y + height > image.height
  )
    throw new Error(
      `Expected a rectangle inside ${image.width}×${image.height} but received ${width}×${height} at (${x}, ${y})`,
    );
}

/** The error for an input that is not the one whose header was read. */
export function changed(path: string): IoError {
  return new IoError(path, "changed while it was read");
}
