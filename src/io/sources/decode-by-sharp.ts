/**
 * Decodes samples by sharp: a whole image into a spool, a rectangle into memory. Both request the stored numbers in
 * their own space, so that nothing on the way converts a colour.
 */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Sharp } from "sharp";
import { IoError } from "../../errors.ts";
import type { Raster } from "../../image/raster.ts";
import type { Rect } from "../../rect.ts";
import { stillOf } from "../formats/avif/first-still.ts";
import { libvipsWriteFailure, needsBigTiff, sharp } from "../formats/libvips.ts";
import { damaged, type ImageHeader } from "./image-header.ts";

/** Side of a spool tile, px: a tile of the net then touches a handful. */
const spoolTile = 256;
/** libvips holds two bands of such tiles, from edge to edge: bytes of one at most, as low as tiles can be. */
const bandBytes = 2 ** 27;

/** Whether damage ends the decoding. */
export type FailOn = "none" | "warning";

/**
 * Decodes the image at `path` into the uncompressed tiled TIFF `spool`, whole or not at all.
 * @throws InputError where the image is damaged, IoError where the spool cannot be written.
 */
export async function decodeInto(
  spool: string,
  path: string,
  header: ImageHeader,
  failOn: FailOn,
): Promise<void> {
  const { cmyk, format, sequence, space } = header;
  const still = await stillOf(path, sequence);
  try {
    // The profile is used only where inks must become sRGB; elsewhere numbers stay as stored.
    await sharp(still, { failOn, limitInputPixels: false, sequentialRead: true, ignoreIcc: !cmyk })
      .toColourspace(space)
      .tiff({
        compression: "none",
        tile: true,
        tileWidth: spoolTile,
        tileHeight: spoolTileHeight(header),
        bigtiff: needsBigTiff(header),
      })
      .toFile(spool);
  } catch (cause) {
    await rm(spool, { force: true });
    const writeFailure = libvipsWriteFailure(cause, spool);
    if (writeFailure !== undefined) {
      throw new IoError(path, `cannot be decoded into ${dirname(spool)}: ${writeFailure}`, {
        cause,
      });
    }
    throw damaged(path, format, cause);
  }
}

/** TIFF wants multiples of 16. */
function spoolTileHeight({ width, channels, bits }: ImageHeader): number {
  const rows = (bandBytes * 8) / (width * channels * bits);
  return Math.min(spoolTile, Math.max(16, Math.floor(rows / 16) * 16));
}

/** The samples of a rectangle of an image in a file that can be read from the middle. Throws libvips' errors. */
export async function readRect(
  file: string,
  rect: Rect,
  { channels, bits, storedBits, space }: ImageHeader,
  failOn: FailOn,
): Promise<Raster> {
  const window = sharp(file, { failOn, limitInputPixels: false, ignoreIcc: true }).extract({
    left: rect.x,
    top: rect.y,
    width: rect.width,
    height: rect.height,
  });
  // sharp's raw output drops the alpha of 8-bit grey; as RGBA it keeps it.
  const greyWithAlpha = space === "b-w" && channels === 2;
  const bytes = await rawBytes(window.toColourspace(greyWithAlpha ? "srgb" : space), bits);
  const expected = (rect.width * rect.height * (greyWithAlpha ? 4 : channels) * bits) / 8;
  if (bytes.length !== expected)
    throw new Error(`Expected ${expected} bytes of samples but found ${bytes.length}`);
  const { width, height } = rect;
  if (greyWithAlpha) return { width, height, channels, samples: firstAndLast(bytes) };
  if (bits === 8) return { width, height, channels, samples: bytes };
  const samples = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  if (storedBits < 16) spread(samples, storedBits);
  return { width, height, channels, samples };
}

/** libvips shifts samples of 10 and 12 bits up to 16, where their white would not be white: stretches them. */
function spread(samples: Uint16Array, storedBits: number): void {
  const shift = 16 - storedBits;
  const scale = 65535 / (2 ** storedBits - 1);
  for (let i = 0; i < samples.length; i++)
    samples[i] = Math.round(((samples[i] as number) >> shift) * scale);
}

/** Samples in an ArrayBuffer of their own: rasters move between threads, and a Buffer of sharp's cannot. */
async function rawBytes(image: Sharp, bits: 8 | 16): Promise<Uint8Array<ArrayBuffer>> {
  const raw = image.raw({ depth: bits === 8 ? "uchar" : "ushort" });
  // Copied: what toUint8Array of sharp 0.35.5 gives is never freed, which adds up to the whole image.
  return new Uint8Array(await raw.toBuffer());
}

function firstAndLast(rgba: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(rgba.length / 2);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    out[to++] = rgba[from] as number;
    out[to++] = rgba[from + 3] as number;
  }
  return out;
}
