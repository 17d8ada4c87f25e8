/** Whether a TIFF can be read in rectangles as it is: the tile size in its first directory. No pixels are read. */
import { open } from "node:fs/promises";
import { bytesOfFile } from "./byte-source.ts";
import { integerOf } from "./directory.ts";
import { readDirectories } from "./read-directories.ts";
import { tags } from "./tags.ts";

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
