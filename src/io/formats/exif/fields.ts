/**
 * Reads the few fields of an Exif block that say how pixels are meant: orientation and density. The block itself is
 * carried as bytes; nothing else of it is read.
 */

/** Before the TIFF structure in a JPEG, and in what sharp hands out of one. */
const mark = Buffer.from("Exif\0\0", "latin1");

/** The TIFF structure of a block, without the mark it has in a JPEG. */
export function withoutMark(exif: Buffer): Buffer {
  return exif.subarray(0, mark.length).equals(mark) ? exif.subarray(mark.length) : exif;
}

/** The block as a JPEG has it. */
export function withMark(exif: Buffer): Buffer {
  return exif.subarray(0, mark.length).equals(mark) ? exif : Buffer.concat([mark, exif]);
}

/** True where the block begins as a TIFF structure does; a reader finds nothing in any other. */
export function isReadable(exif: Buffer): boolean {
  return ["II*\0", "MM\0*"].includes(withoutMark(exif).toString("latin1", 0, 4));
}

/** Exif orientation 1..8; undefined where the block says none. */
export function orientationOf(exif: Buffer): number | undefined {
  const field = fieldOf(withoutMark(exif), 274);
  const orientation = field?.type === 3 ? field.short() : 0;
  return orientation >= 1 && orientation <= 8 ? orientation : undefined;
}

/** Pixels an inch; undefined where the block says none, or of no unit. */
export function densityOf(exif: Buffer): number | undefined {
  const block = withoutMark(exif);
  const density = fieldOf(block, 282)?.rational();
  const unit = fieldOf(block, 296)?.short() ?? 2;
  if (!density || !Number.isFinite(density)) return undefined;
  if (unit === 2) return density;
  return unit === 3 ? density * 2.54 : undefined;
}

/** The block, saying that pixels are upright where it says anything of it: for pixels a decoder has turned. */
export function sayingUpright(exif: Buffer): Buffer {
  const upright = Buffer.from(exif);
  fieldOf(withoutMark(upright), 274)?.setShort(1);
  return upright;
}

interface Field {
  readonly type: number;
  short(): number;
  setShort(value: number): void;
  /** Undefined where it lies outside the block. */
  rational(): number | undefined;
}

/** A field of the first directory; views into `block`. */
function fieldOf(block: Buffer, tag: number): Field | undefined {
  const little = block.toString("latin1", 0, 2) === "II";
  if (!little && block.toString("latin1", 0, 2) !== "MM") return undefined;
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const inside = (at: number, bytes: number) => at + bytes <= view.byteLength;
  if (!inside(0, 8)) return undefined;
  const start = view.getUint32(4, little);
  if (!inside(start, 2)) return undefined;
  const entries = view.getUint16(start, little);
  for (let at = start + 2; at < start + 2 + 12 * entries && inside(at, 12); at += 12) {
    if (view.getUint16(at, little) !== tag) continue;
    return {
      type: view.getUint16(at + 2, little),
      short: () => view.getUint16(at + 8, little),
      setShort: (value) => view.setUint16(at + 8, value, little),
      rational() {
        const value = view.getUint32(at + 8, little);
        if (!inside(value, 8)) return undefined;
        return view.getUint32(value, little) / view.getUint32(value + 4, little);
      },
    };
  }
  return undefined;
}
