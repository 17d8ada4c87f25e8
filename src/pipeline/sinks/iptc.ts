/**
 * Captions of the press (IPTC) in their two wrappings: bare, as TIFF holds them, and inside Photoshop's
 * resources, as JPEG does.
 */

/** How the block begins in a JPEG. */
const mark = Buffer.from("Photoshop 3.0\0", "latin1");
/** Number of the resource that is IPTC. */
const iptcResource = 0x0404;

/** The resources in a block as a JPEG holds it; undefined where it is bare. */
export function photoshopResources(iptc: Buffer): Buffer | undefined {
  return iptc.subarray(0, mark.length).equals(mark) ? iptc.subarray(mark.length) : undefined;
}

/** The block as a JPEG holds it. */
export function asPhotoshop(iptc: Buffer): Buffer {
  if (photoshopResources(iptc)) return iptc;
  // Number, an empty name, length, data; names and data fill up to an even number of bytes.
  const head = Buffer.from("8BIM\0\0\0\0\0\0\0\0", "latin1");
  head.writeUInt16BE(iptcResource, 4);
  head.writeUInt32BE(iptc.length, 8);
  return Buffer.concat([mark, head, iptc, Buffer.alloc(iptc.length % 2)]);
}
