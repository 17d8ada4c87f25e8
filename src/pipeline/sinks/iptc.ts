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
  return format === "jpeg" && ofJpeg ? iptc : undefined;
}
