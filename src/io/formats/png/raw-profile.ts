/**
 * Reads and writes the PNG text chunks "Raw profile type …" that hold Exif, XMP or IPTC, as ImageMagick and ExifTool
 * store them. Such a text has the block's name, its length and its bytes in hexadecimal digits, each on a line of its
 * own. ExifTool's name has several words.
 */
import { inflateSync } from "node:zlib";

/** A block found, or to be written. */
export interface RawProfile {
  readonly kind: string;
  readonly bytes: Buffer;
}

const keyword = "Raw profile type ";
/** A text says two digits a byte; what inflates to more is no profile. */
const mostText = 2 ** 26;
/** Digits in a line, as ImageMagick has them. */
const lineDigits = 72;

/** The block in a chunk of text; undefined where it is another text, or damaged. */
export function readRawProfile(chunkName: string, data: Buffer): RawProfile | undefined {
  const end = data.indexOf(0);
  const name = data.toString("latin1", 0, Math.max(end, 0));
  if (!name.startsWith(keyword)) return undefined;
  const text = textOf(chunkName, data.subarray(end + 1));
  const [, length, digits] = /^\n[^\n]+\n *(\d+)\n([\s0-9a-f]*)$/i.exec(text ?? "") ?? [];
  const bytes = Buffer.from((digits ?? "").replace(/\s+/g, ""), "hex");
  if (bytes.length === 0 || bytes.length !== Number(length)) return undefined;
  return { kind: name.slice(keyword.length).toLowerCase(), bytes };
}

/** The data of a tEXt chunk that holds the block. */
export function rawProfileText({ kind, bytes }: RawProfile): Buffer {
  const digits = bytes.toString("hex").match(new RegExp(`.{1,${lineDigits}}`, "g")) ?? [];
  const length = String(bytes.length).padStart(8);
  const text = ["", kind, length, ...digits, ""].join("\n");
  return Buffer.from(`${keyword}${kind}\0${text}`, "latin1");
}

/** Of a tEXt, or of a zTXt, whose first byte names the method. */
function textOf(chunkName: string, data: Buffer): string | undefined {
  if (chunkName === "tEXt") return data.toString("latin1");
  if (chunkName !== "zTXt") return undefined;
  try {
    return inflateSync(data.subarray(1), { maxOutputLength: mostText }).toString("latin1");
  } catch {
    return undefined;
  }
}
