/**
 * Reads the header of a photograph: format, size, channels, bits, metadata and damage. The first bytes decide the
 * format, so that an unknown file reaches only decoders we chose. Then sharp reads the header.
 */
import type { Metadata } from "sharp";
import { InputError } from "../../errors.ts";
import { stillOf } from "../formats/avif/first-still.ts";
import { gifDamage } from "../formats/gif/frame.ts";
import { formatNames, type ImageFormat } from "../formats/image-formats.ts";
import { libvipsMessage, sharp } from "../formats/libvips.ts";
import type { ImageMetadata } from "../formats/metadata.ts";
import { sniffFormat } from "../formats/sniff-format.ts";
import { metadataOf, type OwnWords, readOwnWords } from "./read-metadata.ts";

export interface ImageHeader {
  readonly format: ImageFormat;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
  /** Those of `bits` the file holds: 10 or 12 of the 16 in an AVIF. */
  readonly storedBits: number;
  /** libvips' name for samples as they are stored: what a decoder is asked for to convert nothing. */
  readonly space: "b-w" | "grey16" | "srgb" | "rgb16";
  /** Four inks; decoded to sRGB by their profile. */
  readonly cmyk: boolean;
  /** A film, of which the still image is read. */
  readonly sequence: boolean;
  /** Its decoder holds all of it in memory. */
  readonly whole: boolean;
  readonly metadata: ImageMetadata;
  /** Lines for the user: parts of the image that are not read, or not read as stored. */
  readonly notes: readonly string[];
  /** Damage that the decoder would ignore. */
  readonly damage: InputError | undefined;
}

/** libnsgif paints on a canvas of four bytes a pixel, as large as the file says it is. */
const largestGif = 2 ** 26;
/** Bytes in a row: the decoder holds bands of rows, at least 16 high, from edge to edge. */
const largestRow = 2 ** 23;

/**
 * Reads the header of the image at `path`.
 * @throws NoInputError where there is no file to read, InputError where it is no image we read, of 1 to 4
 *   channels of 8 or 16 bit (or inks) and at most `maxPixels`.
 */
export async function readImageHeader(
  path: string,
  { maxPixels }: { readonly maxPixels: number },
): Promise<ImageHeader> {
  const { format, sequence } = await sniffFormat(path);
  const still = await stillOf(path, sequence);
  // The limits are ours, below: with the header's own numbers in the message.
  const found = await sharp(still, { limitInputPixels: false, limitInputChannels: false })
    .metadata()
    .catch((cause: unknown) => {
      throw damaged(path, format, cause);
    });
  const { width, height } = found;
  assertSize(path, found, format, maxPixels);
  const cmyk = found.space === "cmyk";
  const kind = kindOf(cmyk ? withoutInks(found) : found);
  if (kind === undefined)
    throw new InputError(
      path,
      `Expected grey or RGB of 8 or 16 bit, with or without alpha, but found ${inWords(found)}`,
    );
  assertRow(path, width, kind);
  const words = await readOwnWords(path, format);
  const storedBits = found.format === "heif" ? (found.bitsPerSample ?? kind.bits) : kind.bits;
  const metadata = metadataOf(found, format, words);
  const notes = notesOn(path, found, { ...words, sequence });
  const overlooked = await overlookedDamage(path, format, words);
  const damage = overlooked === undefined ? undefined : damaged(path, format, overlooked);
  const whole = found.isProgressive === true || !["jpeg", "png", "tiff"].includes(format);
  const facts = { storedBits, cmyk, sequence, whole, metadata, notes, damage };
  return { format, width, height, ...kind, ...facts };
}

function assertSize(
  path: string,
  { width, height }: Metadata,
  format: ImageFormat,
  maxPixels: number,
): void {
  const pixels = width * height;
  const size = `found ${width}×${height} = ${pixels}`;
  if (pixels > maxPixels)
    throw new InputError(
      path,
      `Expected at most ${maxPixels} pixels but ${size}; \`maxPixels\` allows more`,
    );
  if (format === "gif" && pixels > largestGif)
    throw new InputError(
      path,
      `Expected at most ${largestGif} pixels in a GIF, which is held in memory, but ${size}`,
    );
}

function assertRow(path: string, width: number, { channels, bits }: Kind): void {
  const rowBytes = (width * channels * bits) / 8;
  if (rowBytes > largestRow)
    throw new InputError(
      path,
      `Expected at most ${largestRow} bytes in a row but found ${width} pixels = ${rowBytes}`,
    );
}

async function overlookedDamage(
  path: string,
  format: ImageFormat,
  { png }: OwnWords,
): Promise<string | undefined> {
  if (format === "gif") return gifDamage(path);
  const [chunk] = png?.damaged ?? [];
  return chunk && `chunk ${chunk} without its checksum`;
}

/** The error for an image that cannot be decoded: what the decoder threw, or a reason of ours. */
export function damaged(path: string, format: ImageFormat, cause: unknown): InputError {
  const reason = typeof cause === "string" ? cause : libvipsMessage(cause);
  const name = formatNames[format];
  const lacks = /compression format has not been built in: (\w+)/.exec(reason)?.[1];
  const problem =
    lacks === undefined
      ? `damaged or cut short ${name} (${reason})`
      : `Expected ${name} that is coded as AV1 but found ${lacks}, for which the decoder is missing here: convert it first`;
  return new InputError(path, problem, { cause });
}

type Kind = Pick<ImageHeader, "channels" | "bits" | "space">;

function kindOf({ space, depth, channels }: Metadata): Kind | undefined {
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
  return kinds[`${space} ${depth} ${channels}`];
}

/** What four inks, with or without alpha, become. */
function withoutInks(found: Metadata): Metadata {
  return {
    ...found,
    space: found.depth === "ushort" ? "rgb16" : "srgb",
    channels: (found.channels - 1) as 3 | 4,
  };
}

function inWords({ space, depth, channels }: Metadata): string {
  return `${channels} ${channels === 1 ? "channel" : "channels"} of ${depth} in ${space}`;
}

/** Lines for the image at `path`; none for one that is read as it is. */
function notesOn(
  path: string,
  found: Metadata,
  { png, sequence }: OwnWords & { readonly sequence: boolean },
): readonly string[] {
  const images = found.format === "tiff" ? 1 : (png?.frames ?? found.pages ?? 1);
  const bits = found.bitsPerSample ?? 8;
  const profile = found.icc ? "its profile" : "a general profile, it has none";
  const notes: (string | false)[] = [
    sequence && "a film; the still picture in it is read",
    images > 1 && `${images} pictures; the ${found.format === "heif" ? "main" : "first"} is read`,
    found.space === "cmyk" && `inks (CMYK) become sRGB by ${profile}`,
    found.isPalette && "its palette becomes plain colours",
    !found.isPalette && bits < 8 && `${bits}-bit samples become 8-bit`,
    found.gainMap !== undefined && "its gain map (HDR) is left out",
  ];
  return notes.filter((note) => note !== false).map((note) => `${path}: ${note}`);
}
