/**
 * Defines the metadata of an image: colour profile, density, orientation, Exif, XMP, IPTC, chunks of a PNG, segments of
 * a JPEG. Every reader fills it, and every writer carries it.
 */

/** What travels with the pixels, as the file holds it. */
export interface ImageMetadata {
  readonly icc?: Buffer;
  /** Pixels an inch. */
  readonly density?: number;
  /** Exif orientation 1..8; never applied to the pixels. */
  readonly orientation?: number;
  readonly xmp?: Buffer;
  /** Photoshop's resources, which hold it in a JPEG, or IPTC alone. */
  readonly iptc?: Buffer;
  /** A TIFF structure, after "Exif\0\0" where it comes from a JPEG. */
  readonly exif?: Buffer;
  /** Whole chunks for another PNG. */
  readonly png?: {
    /** What the numbers mean where no profile says it, and the size of a pixel. */
    readonly meaning: readonly Buffer[];
    readonly texts: readonly Buffer[];
  };
  /** Whole segments for another JPEG: comments and the rest of a long XMP. */
  readonly jpegSegments?: readonly Buffer[];
}
