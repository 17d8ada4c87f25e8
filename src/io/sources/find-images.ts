/**
 * Finds the images that files, folders and patterns stand for, each with its place below the output folder. A named
 * file is taken as it is; in a folder an image is a file with the suffix of one.
 */
import * as fs from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { NoInputError } from "../../errors.ts";
import { isImage } from "../formats/image-formats.ts";
import { isAddress } from "../system/http-bytes.ts";
import { isFile, isFolder, isThere } from "../system/paths.ts";
import { systemMessage } from "../system/system-error.ts";

/** The images of a run, known before its first tile. */
export interface FoundImages {
  readonly images: readonly {
    readonly input: string;
    /** Its path below the output folder. */
    readonly place: string;
  }[];
  /** Files, and folders with all that is in them, that are no images of the run. */
  readonly skipped: readonly {
    readonly path: string;
    /** "hidden": a leading dot. "other": a name other than an image's, or a link to a folder. */
    readonly why: "hidden" | "other";
  }[];
}

type Found<Part extends keyof FoundImages> = FoundImages[Part][number];

/**
 * Looks for images in `operands`, folders with all that is below them, in the order of names. `except` is
 * left out with all that is in it. Links to files are followed, links to folders only where they are named. A
 * folder gives its contents; where there are several operands, under its own name.
 * @throws NoInputError where there is no image at all, a folder cannot be read, or a pattern fits nothing
 */
export async function findImages(
  operands: readonly string[],
  { except }: { readonly except: string },
): Promise<FoundImages> {
  const named = (await Promise.all(operands.map(expanded))).flat();
  const left = await fs.realpath(except).catch(() => undefined);
  const images: Found<"images">[] = [];
  const skipped: Found<"skipped">[] = [];
  let missing = 0;
  const walk = async (folder: string, place: string): Promise<void> => {
    const entries = await fs.readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
      throw new NoInputError(folder, systemMessage(cause), { cause });
    });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      const below = join(place, entry.name);
      if (entry.name.startsWith(".")) skipped.push({ path, why: "hidden" });
      else if (entry.isDirectory()) {
        if ((await fs.realpath(path)) !== left) await walk(path, below);
      } else if (isImage(entry.name) && (await isFile(path))) {
        images.push({ input: path, place: below });
      } else skipped.push({ path, why: "other" });
    }
  };
  for (const operand of named) {
    if (await isFolder(operand)) {
      await walk(operand, named.length === 1 ? "" : basename(resolve(operand)));
    } else {
      images.push({ input: operand, place: basename(operand) });
      if (!(await isThere(operand))) missing++;
    }
  }
  if (images.length > 0 && missing === images.length) {
    throw new NoInputError(named.join(", "), "no such file");
  }
  if (images.length > 0) return { images, skipped };
  const hidden = skipped.filter(({ why }) => why === "hidden").length;
  const others = `${hidden} hidden files and ${skipped.length - hidden} not named as pictures`;
  throw new NoInputError(named.join(", "), `Expected pictures but found ${others}`);
}

/** True where `operands` stand, or may stand, for several images. */
export async function areSeveral(operands: readonly string[]): Promise<boolean> {
  const [first = ""] = operands;
  return operands.length > 1 || (await isFolder(first)) || (await isPattern(first));
}

/** What a path stands for: itself, unless it is a pattern the shell was kept from expanding. */
async function expanded(operand: string): Promise<readonly string[]> {
  if (!(await isPattern(operand))) return [operand];
  if (!hasGlob(fs)) {
    throw new NoInputError(operand, "no such file; without quotes the shell expands the pattern");
  }
  const paths: string[] = [];
  for await (const path of fs.glob(operand)) paths.push(path);
  if (paths.length === 0) throw new NoInputError(operand, "no file fits the pattern");
  return paths.sort();
}

async function isPattern(operand: string): Promise<boolean> {
  // A signed address has a question mark.
  return !isAddress(operand) && /[*?[{]/.test(operand) && !(await isThere(operand));
}

interface Glob {
  glob(pattern: string): AsyncIterable<string>;
}

/** From Node 22 on. */
function hasGlob(module: object): module is Glob {
  return "glob" in module;
}
