/** The output as it was asked for in, what will be written out. Decided before anything is opened. */
import { extname } from "node:path";
import { OptionError } from "../errors.ts";
import type { FileOptions } from "./options.ts";
import { type OutputFormat, oneOfFormat, outputFormats } from "./picture-formats.ts";

/** What is written. */
export interface OutputForm {
  readonly format: OutputFormat;
  /** None: those of the input. */
  readonly bits: 8 | 16 | undefined;
  /** 1..100; means nothing to a format without one. */
  readonly quality: number;
}

/** What of an output may be asked for. */
interface OutputWishes extends Pick<FileOptions, "bits" | "quality"> {
  /** None: the one of the path's suffix. */
  readonly format?: OutputFormat | undefined;
}

/**
 * The format asked for, or else by the path's suffix, with the bits and quality it can have.
 * @throws OptionError where it cannot have what is asked for, or no format has this suffix
 */
export function outputForm(path: string, wishes: OutputWishes): OutputForm {
  const { bits, quality, format = formatOf(path) } = wishes;
  const capacity = outputFormats[format];
  if (quality !== undefined && capacity.quality === undefined)
    throw new OptionError(
      `Expected a quality only with a JPEG, WebP or AVIF output but received ${quality}`,
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

function formatOf(path: string): OutputFormat {
  const suffix = extname(path).toLowerCase();
  const entries = Object.entries(outputFormats) as [OutputFormat, (typeof outputFormats)["png"]][];
  const found = entries.find(([, { suffixes }]) => suffixes.includes(suffix));
  if (found) return found[0];
  const suffixes = entries.flatMap(([, capacity]) => capacity.suffixes).join(", ");
  throw new OptionError(
    `Expected an output ending in one of ${suffixes} but received ${JSON.stringify(path)}`,
  );
}
