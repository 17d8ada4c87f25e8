/** The files of kernels and σ as they were asked for in, what will be written out. Decided before anything is opened. */
import { extname, resolve } from "node:path";
import { OptionError } from "../../errors.ts";
import type { FigureFormat } from "../../io/sinks/figure.ts";

/** What can be written of a run besides its output. */
export type FieldName = "kernels" | "sigma";

/** A file somebody asked for. */
export interface FieldFile {
  readonly of: FieldName;
  readonly path: string;
  readonly format: FieldFormat;
}

/** The numbers themselves. */
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
 * The files asked for, none or one of each kind.
 * @param taken paths that are something else: the input and the output
 * @throws OptionError where no format has a path's suffix, or a path is taken or used for both
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
