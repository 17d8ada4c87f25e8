/**
 * Lists the image formats: their names and suffixes, and for each format that we write what its files can hold and
 * what its encoder takes.
 */
import { extname } from "node:path";

/** As a message calls them. */
export const formatNames: Readonly<Record<ImageFormat, string>> = {
  png: "PNG",
  jpeg: "JPEG",
  webp: "WebP",
  avif: "AVIF",
  tiff: "TIFF",
  gif: "GIF",
  heif: "HEIF",
};

/** "a PNG", "an AVIF". */
export function oneOfFormat(format: ImageFormat): string {
  return `${format === "avif" ? "an" : "a"} ${formatNames[format]}`;
}

/** Formats we write. */
export type OutputFormat = "png" | "jpeg" | "webp" | "avif" | "tiff";

interface Capacity {
  /** The first is the one we give a file. */
  readonly suffixes: readonly string[];
  /** Most bits of a sample. */
  readonly bits: 8 | 12 | 16;
  readonly alpha: boolean;
  /** Pixels. */
  readonly largestSide: number;
  /** Default quality, 1..100; undefined: the format has no quality. */
  readonly quality?: number;
  /** Bytes a pixel that an encoder takes which holds the whole image; 0: it takes the rows as they come. */
  readonly encoderBytes: number;
}

export const outputFormats: Readonly<Record<OutputFormat, Capacity>> = {
  // PNG itself allows 2³¹ − 1; no encoder of libvips takes a longer side.
  png: { suffixes: [".png"], bits: 16, alpha: true, largestSide: 100_000_000, encoderBytes: 0 },
  // The field holds 65535, libjpeg stops here.
  jpeg: {
    suffixes: [".jpg", ".jpeg"],
    bits: 8,
    alpha: false,
    largestSide: 65500,
    quality: 95,
    encoderBytes: 0,
  },
  webp: {
    suffixes: [".webp"],
    bits: 8,
    alpha: true,
    largestSide: 16383,
    quality: 95,
    encoderBytes: 8,
  },
  // The limit of libvips' encoder; AV1 itself ends at 65536.
  avif: {
    suffixes: [".avif"],
    bits: 12,
    alpha: true,
    largestSide: 16384,
    quality: 85,
    encoderBytes: 30,
  },
  tiff: {
    suffixes: [".tif", ".tiff"],
    bits: 16,
    alpha: true,
    largestSide: 2 ** 32 - 1,
    encoderBytes: 0,
  },
};

/** The formats we write, in the order of the table. */
export const writtenFormats = Object.keys(outputFormats) as readonly OutputFormat[];

/** The suffixes an output may have. */
export const outputSuffixes: readonly string[] = writtenFormats.flatMap(
  (format) => outputFormats[format].suffixes,
);

/** Names of the formats that have a quality. */
export const namesWithQuality: readonly string[] = writtenFormats
  .filter((format) => outputFormats[format].quality !== undefined)
  .map((format) => formatNames[format]);

/** The default qualities, in words: the most usual one, then the formats that differ: "95, AVIF 85". */
export function defaultQualities(): string {
  const counts = new Map<number, number>();
  for (const { quality } of Object.values(outputFormats))
    if (quality !== undefined) counts.set(quality, (counts.get(quality) ?? 0) + 1);
  const [usual] = [...counts].sort(([, a], [, b]) => b - a).map(([quality]) => quality);
  const others = writtenFormats.flatMap((format) => {
    const { quality } = outputFormats[format];
    return quality === undefined || quality === usual ? [] : [`${formatNames[format]} ${quality}`];
  });
  return [usual, ...others].join(", ");
}

/** The format an output has that is to be as its input: a GIF's colours are too few, and HEIF's relative is AVIF. */
export function outputFormatFor(input: ImageFormat): OutputFormat {
  if (input === "gif") return "png";
  return input === "heif" ? "avif" : input;
}

/** What a file that is read but not written may end in, by its format. */
const readOnly: Readonly<Record<string, ImageFormat>> = {
  ".gif": "gif",
  ".heic": "heif",
  ".heif": "heif",
};

/** The format an image's name stands for; none where it is not named as an image. */
export function formatOfName(path: string): ImageFormat | undefined {
  const suffix = extname(path).toLowerCase();
  const written = writtenFormats.find((format) => outputFormats[format].suffixes.includes(suffix));
  return written ?? readOnly[suffix];
}

/** True for the name of an image. */
export function isImage(name: string): boolean {
  return formatOfName(name) !== undefined;
}

/** Formats we read; GIF and HEIF are not written. */
export type ImageFormat = "png" | "jpeg" | "webp" | "avif" | "tiff" | "gif" | "heif";
