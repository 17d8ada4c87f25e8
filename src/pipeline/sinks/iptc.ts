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

/** IPTC alone; undefined where the resources hold none. */
function bareIptc(iptc: Buffer): Buffer | undefined {
  const resources = photoshopResources(iptc);
  if (resources === undefined) return iptc;
  for (let at = 0; at + 12 <= resources.length; ) {
    if (resources.toString("latin1", at, at + 4) !== "8BIM") return undefined;
    const nameBytes = 1 + (resources[at + 6] as number);
    const length = at + 6 + nameBytes + (nameBytes % 2);
    if (length + 4 > resources.length) return undefined;
    const bytes = resources.readUInt32BE(length);
    const data = resources.subarray(length + 4, length + 4 + bytes);
    if (resources.readUInt16BE(at + 4) === iptcResource) return data;
    at = length + 4 + bytes + (bytes % 2);
  }
  return undefined;
}

/** The block as the strip TIFF must hold it so that libvips writes it whole into a TIFF. */
export function iptcForTiff(iptc: Buffer): Buffer | undefined {
  const bare = bareIptc(iptc);
  if (bare === undefined) return undefined;
  // libvips counts the block in words of four and libtiff in bytes: a quarter is written. Zeros after its
  // end mean nothing, should they one day be written too.
  const words = Math.ceil(bare.length / 4) * 4;
  return Buffer.concat([bare, Buffer.alloc(4 * words - bare.length)]);
}
