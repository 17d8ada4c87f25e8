/** Lists what an output cannot keep of its source, in lines for the user. */
import { existsSync } from "node:fs";
import { basename, extname } from "node:path";
import { bitsOf } from "../../image/samples.ts";
import { formatNames, type OutputFormat, outputFormats } from "../formats/image-formats.ts";
import { tags } from "../formats/tiff/tags.ts";
import type { OpenedSource } from "../sources/opened-source.ts";
import { leftBehind } from "./carried-metadata.ts";

interface LossyOutput {
  readonly format: OutputFormat;
  /** Bits a sample that the caller chose; undefined: those of the source, as far as the format has them. */
  readonly bits: 8 | 16 | undefined;
  readonly stripMetadata: boolean;
}

/** Lines for the output at `path`; empty where it holds everything of the source that the caller asked for. */
export function whatIsLost(
  path: string,
  source: OpenedSource,
  { format, bits: asked, stripMetadata }: LossyOutput,
): readonly string[] {
  const { sampleType, storedBits = bitsOf(sampleType), channels, metadata } = source;
  const { bits: most } = outputFormats[format];
  const blocks = leftBehind({ format, channels, stripMetadata }, metadata);
  return [
    ...(asked === undefined && format !== "tiff" && storedBits > most
      ? [`${path}: ${storedBits} bits become ${most}, ${formatNames[format]} has no more`]
      : []),
    ...(blocks === undefined ? [] : [`${path}: ${blocks}`]),
    ...(isGeoreferenced(source) && format !== "tiff"
      ? [`${path}: loses its georeferencing, which only TIFF holds`]
      : []),
    ...worldFilesOf(source.path).map(
      (name) => `${path}: ${name} beside the input, its georeferencing, is not copied`,
    ),
  ];
}

/** Tags that place an image on the earth. */
const places: readonly number[] = [tags.modelPixelScale, tags.modelTransformation, tags.geoKeys];

function isGeoreferenced({ tags: found }: OpenedSource): boolean {
  return found?.directory.entries.some(({ tag }) => places.includes(tag)) ?? false;
}

/** Suffixes of world files, which hold the position of the image of the same name. */
const worldSuffixes = [
  ".tfw",
  ".tifw",
  ".tiffw",
  ".jgw",
  ".jpgw",
  ".jpegw",
  ".pgw",
  ".pngw",
  ".wld",
];

function worldFilesOf(path: string): readonly string[] {
  const stem = path.slice(0, path.length - extname(path).length);
  return worldSuffixes
    .map((suffix) => `${stem}${suffix}`)
    .filter((name) => existsSync(name))
    .map((name) => basename(name));
}
