/** Recognises the format of an image by its first bytes, so that only decoders we chose ever see a stranger's file. */

import { open, stat } from "node:fs/promises";
import { InputError, NoInputError } from "../../errors.ts";
import { unreadable } from "../system/system-error.ts";
import type { ImageFormat } from "./image-formats.ts";

/** Enough for the brands of any still image. */
const sniffedBytes = 256;

/** What the first bytes say. */
export interface Sniffed {
  readonly format: ImageFormat;
  /** A film in the wrapping of an AVIF: libvips knows only the still image's mark. */
  readonly sequence: boolean;
}

/** @throws NoInputError where there is no file to read, InputError where it is no image we read. */
export async function sniffFormat(path: string): Promise<Sniffed> {
  const bytes = await firstBytes(path);
  const sniffed = sniff(bytes);
  if (sniffed !== undefined) return sniffed;
  const found = bytes.length === 0 ? "an empty file" : "another kind of file";
  throw new InputError(
    path,
    `Expected a PNG, JPEG, WebP, AVIF, TIFF, GIF or HEIF but found ${found}`,
  );
}

function sniff(bytes: Buffer): Sniffed | undefined {
  const start = bytes.toString("latin1");
  const still = (format: ImageFormat): Sniffed => ({ format, sequence: false });
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return still("png");
  if (start.startsWith("\xff\xd8\xff")) return still("jpeg");
  if (/^(?:II[*+]\0|MM\0[*+])/.test(start)) return still("tiff");
  if (/^GIF8[79]a/.test(start)) return still("gif");
  if (start.startsWith("RIFF") && start.startsWith("WEBP", 8)) return still("webp");
  if (start.startsWith("ftyp", 4)) return sniffBrands(bytes);
  return undefined;
}

/** ISO base media: the main brand, a version, then the brands a reader may know instead. */
function sniffBrands(bytes: Buffer): Sniffed | undefined {
  const box = bytes.subarray(8, bytes.readUInt32BE(0)).toString("latin1");
  const brands = [box.slice(0, 4), ...(box.slice(8).match(/.{4}/gs) ?? [])];
  if (brands.some((brand) => brand === "avif" || brand === "avis"))
    return { format: "avif", sequence: brands[0] === "avis" };
  const isHeif = brands.some((brand) => /^(?:mif[123]|msf1|he[iv][cmsx])$/.test(brand));
  return isHeif ? { format: "heif", sequence: false } : undefined;
}

async function firstBytes(path: string): Promise<Buffer> {
  try {
    // Asked before opening: to open a named pipe is to wait for its writer.
    const found = await stat(path);
    if (!found.isFile())
      throw new NoInputError(
        path,
        found.isDirectory() ? "is a directory" : "is not a regular file",
      );
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(sniffedBytes), 0, sniffedBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
