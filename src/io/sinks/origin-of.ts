/** What a TIFF output takes over from a TIFF input. */
import type { TiffWishes } from "../formats/tiff/write/encode-tiff.ts";
import type { OpenedSource } from "../sources/opened-source.ts";

export function originOf(source: OpenedSource): TiffWishes {
  const { tags, asStored = false, masked } = source;
  return { asStored, ...(tags && { origin: tags }), ...(masked && { valid: source }) };
}
