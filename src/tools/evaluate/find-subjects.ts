/** Finds what to measure at a path: pairs where there are sharp images, else blurry images alone. */
import { readdir, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { isImage } from "../../io/formats/image-formats.ts";
import { findPairs, isSharpSide } from "../../io/sources/find-pairs.ts";

/** A blurry image and, where it is known, its sharp image. */
export interface Subject {
  readonly name: string;
  readonly blurry: string;
  readonly sharp: string | undefined;
}

export interface FoundSubjects {
  /** By name. */
  readonly subjects: readonly Subject[];
  /** Images left out because their partner is missing. */
  readonly unpaired: readonly string[];
}

/**
 * Pairs as `findPairs` finds them. A single image, and a folder without an image on the sharp side, are blurry images
 * without ground truth.
 * @throws as `findPairs`
 */
export async function findSubjects(path: string): Promise<FoundSubjects> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() && isImage(path)) {
    const name = basename(path, extname(path));
    return { subjects: [{ name, blurry: path, sharp: undefined }], unpaired: [] };
  }
  if (found?.isDirectory()) {
    const images = (await readdir(path, { recursive: true }).catch(() => [])).filter(isImage);
    if (images.length > 0 && !images.some(isSharpSide)) {
      const subjects = images.sort().map((entry) => ({
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
