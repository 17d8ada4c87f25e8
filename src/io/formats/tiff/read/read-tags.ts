/** Reads from the file of a TIFF what its first image says: its tags, and the size of its tiles. */
import { openFileBytes } from "../../../system/file-bytes.ts";
import type { TiffTags } from "../carried-tags.ts";
import { integerOf } from "../directory.ts";
import { tags } from "../tags.ts";
import { readDirectories } from "./read-directories.ts";

/**
 * The tags of the first image. Undefined where the file is no TIFF or its first directory is damaged.
 * @throws NoInputError, IoError
 */
export async function readTiffTags(path: string): Promise<TiffTags | undefined> {
  const bytes = await openFileBytes(path);
  try {
    const tiff = await readDirectories(bytes, { limit: 1 });
    const [directory] = tiff?.directories ?? [];
    return tiff && directory && { littleEndian: tiff.littleEndian, directory };
  } finally {
    await bytes.close();
  }
}

/** Tile width and height of the image with these tags, in pixels; undefined where it has strips, or is damaged. */
export function tileSizeOf({
  directory,
  littleEndian,
}: TiffTags): { width: number; height: number } | undefined {
  const width = integerOf(directory, tags.tileWidth, littleEndian);
  const height = integerOf(directory, tags.tileLength, littleEndian);
  return width && height ? { width, height } : undefined;
}
