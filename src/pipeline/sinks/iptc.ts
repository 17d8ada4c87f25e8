/**
 * Captions of the press (IPTC). JPEG and TIFF hold them in different wrappings and PNG in none: they go
 * along where source and output agree, never in the wrong wrapping.
 */
import type { PictureFormat } from "../sources/picture-header.ts";

/** How the block begins in a JPEG: Photoshop's resources, of which IPTC is one. */
const photoshop = Buffer.from("Photoshop 3.0\0", "latin1");

/** The block as the strip TIFF must hold it so that the encoder writes it whole; undefined where it cannot. */
export function iptcFor(format: PictureFormat, iptc: Buffer | undefined): Buffer | undefined {
  if (iptc === undefined) return undefined;
  const ofJpeg = iptc.subarray(0, photoshop.length).equals(photoshop);
  if (format === "jpeg") return ofJpeg ? iptc : undefined;
  if (format !== "tiff" || ofJpeg) return undefined;
  // libvips counts the block in words of four and libtiff in bytes: a quarter is written. Zeros after its
  // end mean nothing, should they one day be written too.
  const words = Math.ceil(iptc.length / 4) * 4;
  return Buffer.concat([iptc, Buffer.alloc(4 * words - iptc.length)]);
}
