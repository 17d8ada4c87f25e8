/**
 * What a picture says of itself before a pixel is decoded. First our own look at its first bytes, so that
 * only the PNG, JPEG and TIFF decoders ever see a stranger's file; then sharp's reading of the header.
 */
import { open, stat } from "node:fs/promises";
import type { Metadata } from "sharp";
import { InputError, IoError, NoInputError } from "../../errors.ts";
import { libvipsMessage, sharp } from "../libvips.ts";
import { systemCode, systemMessage } from "../system-error.ts";

export type PictureFormat = "png" | "jpeg" | "tiff";

/** What travels with the pixels, as the file holds it. */
export interface PictureMetadata {
  readonly icc?: Buffer;
  /** Pixels an inch. */
  readonly density?: number;
  /** Exif orientation 1..8; never applied to the pixels. */
  readonly orientation?: number;
  readonly xmp?: Buffer;
  readonly iptc?: Buffer;
  /** A TIFF structure, after "Exif\0\0" where it comes from a JPEG. */
  readonly exif?: Buffer;
}

export interface PictureHeader {
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
  /** libvips' name for samples as they are stored: what a decoder is asked for to convert nothing. */
  readonly space: "b-w" | "grey16" | "srgb" | "rgb16";
  /** Four inks; decoded to sRGB by their profile. */
  readonly cmyk: boolean;
  readonly metadata: PictureMetadata;
}

/**
 * Reads the header of the picture at `path`.
 * @throws NoInputError where there is no file to read, InputError where it is not a PNG, JPEG or TIFF of
 *   1 to 4 channels of 8 or 16 bit and at most `maxPixels`.
 */
export async function readPictureHeader(
  path: string,
  { maxPixels }: { readonly maxPixels: number },
): Promise<PictureHeader> {
  const format = formatOf(path, await firstBytes(path));
  // The limits are ours, below: with the header's own numbers in the message.
  const found = await sharp(path, { limitInputPixels: false, limitInputChannels: false })
    .metadata()
    .catch((cause: unknown) => {
      const reason = libvipsMessage(cause);
      throw new InputError(path, `damaged or cut short ${format.toUpperCase()} (${reason})`, {
        cause,
      });
    });
  const { width, height } = found;
  if (width * height > maxPixels)
    throw new InputError(
      path,
      `Expected at most ${maxPixels} pixels but found ${width}×${height} = ${width * height}`,
    );
  const cmyk = format === "jpeg" && found.space === "cmyk";
  const kind = cmyk
    ? kindOf("srgb uchar 3")
    : kindOf(`${found.space} ${found.depth} ${found.channels}`);
  if (kind === undefined)
    throw new InputError(
      path,
      `Expected grey or RGB of 8 or 16 bit, with or without alpha, but found ${inWords(found)}`,
    );
  return { format, width, height, ...kind, cmyk, metadata: metadataOf(found, cmyk) };
}

type Kind = Pick<PictureHeader, "channels" | "bits" | "space">;

function kindOf(found: string): Kind | undefined {
  const kinds: Record<string, Kind> = {
    "b-w uchar 1": { channels: 1, bits: 8, space: "b-w" },
    "b-w uchar 2": { channels: 2, bits: 8, space: "b-w" },
    "srgb uchar 3": { channels: 3, bits: 8, space: "srgb" },
    "srgb uchar 4": { channels: 4, bits: 8, space: "srgb" },
    "grey16 ushort 1": { channels: 1, bits: 16, space: "grey16" },
    "grey16 ushort 2": { channels: 2, bits: 16, space: "grey16" },
    "rgb16 ushort 3": { channels: 3, bits: 16, space: "rgb16" },
    "rgb16 ushort 4": { channels: 4, bits: 16, space: "rgb16" },
  };
  return kinds[found];
}

function inWords({ space, depth, channels }: Metadata): string {
  return `${channels} ${channels === 1 ? "channel" : "channels"} of ${depth} in ${space}`;
}

function metadataOf(found: Metadata, cmyk: boolean): PictureMetadata {
  const { icc, density, orientation, xmp, iptc, exif } = found;
  return {
    // The profile of inks does not describe the sRGB they became.
    ...(icc && !cmyk && { icc }),
    ...(density !== undefined && { density }),
    ...(orientation !== undefined && { orientation }),
    ...(xmp && { xmp }),
    ...(iptc && { iptc }),
    ...(exif && { exif }),
  };
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
      const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** The error for a file that the system does not let us read. */
export function unreadable(path: string, cause: unknown): unknown {
  switch (systemCode(cause)) {
    case undefined:
      return cause;
    case "ENOENT":
    case "ENOTDIR":
      return new NoInputError(path, "no such file", { cause });
    case "EACCES":
    case "EPERM":
      return new NoInputError(path, "permission denied", { cause });
    default:
      return new IoError(path, systemMessage(cause), { cause });
  }
}

function formatOf(path: string, bytes: Buffer): PictureFormat {
  const start = bytes.toString("latin1");
  if (start.startsWith("\x89PNG")) return "png";
  if (start.startsWith("\xff\xd8\xff")) return "jpeg";
  if (/^(?:II[*+]\0|MM\0[*+])/.test(start)) return "tiff";
  const found = bytes.length === 0 ? "an empty file" : "another kind of file";
  throw new InputError(path, `Expected a PNG, JPEG or TIFF but found ${found}`);
}
