/** What an output cannot keep of its source, in lines for the user. */
import { bitsOf } from "../../image/samples.ts";
import type { FileOptions } from "../../pipeline/options/file-options.ts";
import { formatNames, type OutputFormat, outputFormats } from "../formats/image-formats.ts";
import type { OpenedSource } from "../sources/opened-source.ts";
import { leftBehind } from "./carried.ts";

interface Wishes extends Pick<FileOptions, "bits" | "stripMetadata"> {
  readonly format: OutputFormat;
}

/** Lines for the output at `path`; none where it holds all that the source has, or that was asked for. */
export function losses(
  path: string,
  { sampleType, storedBits = bitsOf(sampleType), channels, metadata }: OpenedSource,
  { format, bits: asked, stripMetadata }: Wishes,
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
