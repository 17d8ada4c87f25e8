/** Decides the files of kernels and σ and their formats, before anything is opened. */
import { extname, resolve } from "node:path";
import { OptionError } from "../../errors.ts";
import type { FigureFormat } from "../../io/sinks/figure.ts";

/** The quantities a run can write besides its output. */
export type FieldName = "kernels" | "sigma";

/** A file of kernels or σ to write. */
export interface FieldFile {
  readonly of: FieldName;
  readonly path: string;
  readonly format: FieldFormat;
}

/** The formats that hold the numbers themselves. */
export type RawFormat = "npy" | "safetensors";

type FieldFormat = FigureFormat | RawFormat;

const formats: Readonly<Record<string, FieldFormat>> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
  ".npy": "npy",
  ".safetensors": "safetensors",
};

/**
 * Returns the files of the options, at most one of each kind.
 * @param taken the paths of the input and the output
 * @throws OptionError if a path has no known suffix, or is taken or used for both
 */
export function fieldFilesOf(
  asked: { readonly [Name in FieldName]: string | undefined },
  taken: readonly string[],
): FieldFile[] {
  const files: FieldFile[] = [];
  for (const of of ["kernels", "sigma"] as const) {
    const path = asked[of];
    if (path === undefined) continue;
    const others = [...taken, ...files.map((file) => file.path)];
    if (others.some((other) => resolve(other) === resolve(path))) {
      throw new OptionError(`Expected a file of its own for ${of} but received ${quoted(path)}`);
    }
    files.push({ of, path, format: formatOf(of, path) });
  }
  return files;
}

function formatOf(of: FieldName, path: string): FieldFormat {
  const format = formats[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  const suffixes = Object.keys(formats).join(", ");
  throw new OptionError(
    `Expected a file ending in one of ${suffixes} for ${of} but received ${quoted(path)}`,
  );
}

function quoted(path: string): string {
  return JSON.stringify(path);
}
