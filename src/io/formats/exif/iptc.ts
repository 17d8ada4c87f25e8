/**
 * Wraps and unwraps IPTC captions. TIFF holds them bare; JPEG and PNG hold them in a block of Photoshop's resources.
 */

/** How the resources begin in a JPEG. */
const mark = Buffer.from("Photoshop 3.0\0", "latin1");
/** How each of them begins. */
const signature = "8BIM";
/** Number of the resource that is IPTC. */
const captionsNumber = 0x0404;

/** The resources in a block as a JPEG holds it; undefined where it is bare. */
export function photoshopResources(iptc: Buffer): Buffer | undefined {
  return iptc.subarray(0, mark.length).equals(mark) ? iptc.subarray(mark.length) : undefined;
}

/**
 * A block of a PNG's raw profile as a JPEG holds it, or bare. ExifTool and ImageMagick store resources there, also
 * where they call them IPTC.
 */
export function ofRawProfile(block: Buffer): Buffer {
  const resources = block.toString("latin1", 0, signature.length) === signature;
  return resources ? marked(block) : block;
}

function marked(resources: Buffer): Buffer {
  return Buffer.concat([mark, resources]);
}

/** The block as a JPEG holds it. */
export function asPhotoshop(iptc: Buffer): Buffer {
  if (photoshopResources(iptc)) return iptc;
  // Number, an empty name, length, data; names and data fill up to an even number of bytes.
  const head = Buffer.from(`${signature}\0\0\0\0\0\0\0\0`, "latin1");
  head.writeUInt16BE(captionsNumber, 4);
  head.writeUInt32BE(iptc.length, 8);
  return marked(Buffer.concat([head, iptc, Buffer.alloc(iptc.length % 2)]));
}

/** The captions among resources: signature, number, padded name, length, padded data. */
export function captionsAmong(resources: Buffer): Buffer | undefined {
  let at = 0;
  while (at + 12 <= resources.length && resources.toString("latin1", at, at + 4) === signature) {
    const number = resources.readUInt16BE(at + 4);
    const name = 1 + (resources[at + 6] as number);
    const size = at + 6 + name + (name % 2);
    if (size + 4 > resources.length) return undefined;
    const length = resources.readUInt32BE(size);
    const data = resources.subarray(size + 4, size + 4 + length);
    if (number === captionsNumber) return data;
    at = size + 4 + length + (length % 2);
  }
  return undefined;
}
