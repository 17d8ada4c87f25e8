/** The output as it was asked for in, what will be written out. Decided before anything is opened. */
import { extname } from "node:path";
import { OptionError } from "../errors.ts";
import { defaultQuality, type FileOptions } from "./options.ts";
import type { PictureFormat } from "./sources/picture-header.ts";

const formats: Readonly<Record<string, PictureFormat>> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".tif": "tiff",
  ".tiff": "tiff",
};

/** What is written. */
export interface OutputForm {
  readonly format: PictureFormat;
  /** None: those of the input. */
  readonly bits: 8 | 16 | undefined;
  /** Of a JPEG, 1..100. */
  readonly quality: number;
}

/**
 * The format asked for, or else by the path's suffix, with the bits and quality it can have.
 * @throws OptionError where it cannot have what `options` ask for, or no format has this suffix
 */
export function outputForm(
  path: string,
  { format: asked, bits, quality, compression, cog }: FileOptions,
): OutputForm {
  const format = asked ?? formatOf(path);
  if (compression !== undefined && format !== "tiff") {
    throw new OptionError(
      `Expected a compression only with a TIFF output but received ${compression}`,
    );
  }
  if (cog && format !== "tiff") {
    throw new OptionError(
      `Expected a cloud-optimised output only with a TIFF but the output is a ${format}`,
    );
  }
  if (format !== "jpeg") {
    if (quality === undefined) return { format, bits, quality: defaultQuality };
    throw new OptionError(`Expected a quality only with a JPEG output but received ${quality}`);
  }
  if (bits === 16) throw new OptionError("Expected 8 bits with a JPEG output but received 16");
  return { format, bits: 8, quality: quality ?? defaultQuality };
}

/** The format a path's suffix stands for; none where it is no suffix of a picture. */
export function formatOfSuffix(path: string): PictureFormat | undefined {
  return formats[extname(path).toLowerCase()];
}

/** `path` with a suffix that says `format`: its own where it does already. */
export function withSuffix(path: string, format: PictureFormat): string {
  if (formatOfSuffix(path) === format) return path;
  const suffix = Object.keys(formats).find((one) => formats[one] === format);
  return path.slice(0, path.length - extname(path).length) + suffix;
}

function formatOf(path: string): PictureFormat {
  const format = formatOfSuffix(path);
  if (format !== undefined) return format;
  const suffixes = Object.keys(formats).join(", ");
  throw new OptionError(
    `Expected an output ending in one of ${suffixes} but received ${JSON.stringify(path)}`,
  );
}
