/** Lists what an output cannot keep of its source, in lines for the user. */
import { bitsOf } from "../../image/samples.ts";
import { formatNames, type OutputFormat, outputFormats } from "../formats/image-formats.ts";
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
  { sampleType, storedBits = bitsOf(sampleType), channels, metadata }: OpenedSource,
  { format, bits: asked, stripMetadata }: LossyOutput,
): readonly string[] {
  const { bits: most } = outputFormats[format];
  const blocks = leftBehind({ format, channels, stripMetadata }, metadata);
  return [
    ...(asked === undefined && format !== "tiff" && storedBits > most
      ? [`${path}: ${storedBits} bits become ${most}, ${formatNames[format]} has no more`]
      : []),
    ...(blocks === undefined ? [] : [`${path}: ${blocks}`]),
  ];
}
