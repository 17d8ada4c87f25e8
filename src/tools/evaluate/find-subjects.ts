/** A path in, what is to be measured there out: pairs where there are sharp pictures, else blurry ones alone. */
import { readdir, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { findPairs, isImage, isSharpSide } from "../../io/sources/find-pairs.ts";

/** A blurry picture and, where it is known, the truth. */
export interface Subject {
  readonly name: string;
  readonly blurry: string;
  readonly sharp: string | undefined;
}

export interface FoundSubjects {
  /** By name. */
  readonly subjects: readonly Subject[];
  /** Pictures left out because their partner is missing. */
  readonly unpaired: readonly string[];
}

/**
 * Pairs as `findPairs` finds them. A folder whose pictures are none of them on the sharp side, and a single
 * picture, are blurry pictures without truth.
 * @throws as `findPairs`
 */
export async function findSubjects(path: string): Promise<FoundSubjects> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() && isImage(path)) {
    const name = basename(path, extname(path));
    return { subjects: [{ name, blurry: path, sharp: undefined }], unpaired: [] };
  }
  if (found?.isDirectory()) {
    const pictures = (await readdir(path, { recursive: true }).catch(() => [])).filter(isImage);
    if (pictures.length > 0 && !pictures.some(isSharpSide)) {
      const subjects = pictures.sort().map((entry) => ({
        name: entry.slice(0, -extname(entry).length),
        blurry: join(path, entry),
        sharp: undefined,
      }));
      return { subjects, unpaired: [] };
    }
  }
  const { pairs, unpaired } = await findPairs(path);
  return { subjects: pairs, unpaired };
}
