/** Reads from a TIFF what its first image says: its tags, whether a mask belongs to it, and the size of its tiles. */
import { open } from "node:fs/promises";
import { bytesOfFile } from "./byte-source.ts";
import type { TiffTags } from "./carried-tags.ts";
import { integerOf, type Tiff } from "./directory.ts";
import { readDirectories } from "./read-directories.ts";
import { tags } from "./tags.ts";

/** Bits of the subfile type: a smaller copy, a mask. */
const reduced = 1;
const mask = 4;

export interface TiffFacts extends TiffTags {
  /** True where a directory of the file says which pixels are valid (GDAL's internal mask). */
  readonly masked: boolean;
}

/** Undefined where the file is no TIFF or its first directory is damaged. Fails with the system's error. */
export async function readTiffTags(path: string): Promise<TiffFacts | undefined> {
  const file = await open(path, "r");
  try {
    const tiff = await readDirectories(await bytesOfFile(file));
    const [directory] = tiff?.directories ?? [];
    if (tiff === undefined || directory === undefined) return undefined;
    return { littleEndian: tiff.littleEndian, directory, masked: hasMask(tiff) };
  } finally {
    await file.close();
  }
}

function hasMask({ directories: [first, ...others], littleEndian }: Tiff): boolean {
  const number = (of: typeof first, tag: number) => of && integerOf(of, tag, littleEndian);
  return others.some((other) => {
    const kind = number(other, tags.subfileType) ?? 0;
    const sameSize = [tags.width, tags.height].every(
      (side) => number(other, side) === number(first, side),
    );
    return (kind & (mask | reduced)) === mask && sameSize;
  });
}

/** Tile width and height of the first picture of a TIFF; undefined where it has strips, or is damaged. */
export async function tiffTileSize(
  path: string,
): Promise<{ width: number; height: number } | undefined> {
  const file = await open(path, "r");
  try {
    const tiff = await readDirectories(await bytesOfFile(file), { limit: 1 });
    const [directory] = tiff?.directories ?? [];
    if (tiff === undefined || directory === undefined) return undefined;
    const width = integerOf(directory, tags.tileWidth, tiff.littleEndian);
    const height = integerOf(directory, tags.tileLength, tiff.littleEndian);
    return width && height ? { width, height } : undefined;
  } finally {
    await file.close();
  }
}
