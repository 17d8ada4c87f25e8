/** Resolves format, bits and quality of an output from its path and the options, before anything is opened. */
import { extname } from "node:path";
import { OptionError } from "../../errors.ts";
import {
  namesWithQuality,
  type OutputFormat,
  oneOfFormat,
  outputFormats,
  outputSuffixes,
  writtenFormats,
} from "./image-formats.ts";
import type { TiffCompression } from "./tiff/write/tile-layout.ts";

/** Format, bits and quality of an output. */
export interface OutputForm {
  readonly format: OutputFormat;
  /** undefined: those of the input. */
  readonly bits: 8 | 16 | undefined;
  /** 1..100; means nothing to a format without one. */
  readonly quality: number;
}

/** What a caller may choose about an output. */
export interface OutputWishes {
  /** undefined: what the output's suffix says, or the input's where it has none to go by. */
  readonly format?: OutputFormat | undefined;
  /** Bits a sample of the output; undefined: those of the input, as far as the format has them. */
  readonly bits: 8 | 16 | undefined;
  /** Of a JPEG, WebP or AVIF; undefined: that of its format. 100 is lossless in WebP and AVIF. */
  readonly quality: number | undefined;
  /** Of a TIFF output; undefined: that of a georeferenced TIFF where it has none, else deflate. */
  readonly compression?: TiffCompression | undefined;
  /** A TIFF output is cloud-optimised: overviews, directories first. */
  readonly cog?: boolean;
}

/**
 * The format asked for, or else by the path's suffix, with the bits and quality it can have.
 * @throws OptionError where it cannot have what is asked for, or no format has this suffix
 */
export function outputForm(path: string, wishes: OutputWishes): OutputForm {
  const { bits, quality, compression, cog = false, format = formatOf(path) } = wishes;
  if (compression !== undefined && format !== "tiff")
    throw new OptionError(
      `Expected a compression only with a TIFF output but received ${compression}`,
    );
  if (cog && format !== "tiff")
    throw new OptionError(
      `Expected a cloud-optimised output only with a TIFF but the output is ${oneOfFormat(format)}`,
    );
  const capacity = outputFormats[format];
  if (quality !== undefined && capacity.quality === undefined)
    throw new OptionError(
      `Expected a quality only with a ${withQuality} output but received ${quality}`,
    );
  if (bits !== undefined && bits > capacity.bits)
    throw new OptionError(
      `Expected at most ${capacity.bits} bits with ${oneOfFormat(format)} output but received ${bits}`,
    );
  return {
    format,
    bits: capacity.bits === 8 ? 8 : bits,
    quality: quality ?? capacity.quality ?? 100,
  };
}

/** The format a path's suffix stands for; none where we write none of it. */
export function formatOfSuffix(path: string): OutputFormat | undefined {
  const suffix = extname(path).toLowerCase();
  return writtenFormats.find((format) => outputFormats[format].suffixes.includes(suffix));
}

/** `path` with a suffix that says `format`: its own where it does already. */
export function withSuffix(path: string, format: OutputFormat): string {
  if (formatOfSuffix(path) === format) return path;
  const [suffix] = outputFormats[format].suffixes;
  return path.slice(0, path.length - extname(path).length) + suffix;
}

const withQuality = `${namesWithQuality.slice(0, -1).join(", ")} or ${namesWithQuality.at(-1)}`;

function formatOf(path: string): OutputFormat {
  const format = formatOfSuffix(path);
  if (format !== undefined) return format;
  throw new OptionError(
    `Expected an output ending in one of ${outputSuffixes.join(", ")} but received ${JSON.stringify(path)}`,
  );
}
