/** A picture's path in, its source out, and in words what is wrong with a picture that is read all the same. */
import { isDeblurError } from "../errors.ts";
import { openRaster, type RasterSource, type RasterSourceOptions } from "./sources/raster.ts";

/**
 * Opens the picture as it is if it is whole. With `tolerant` a damaged one is opened too, and `damage` is the
 * line that says so. The caller closes the source.
 * @throws as `openRaster`
 */
export async function openInput(
  path: string,
  options: RasterSourceOptions,
): Promise<{ readonly source: RasterSource; readonly damage: string | undefined }> {
  try {
    const source = await openRaster(path, { ...options, tolerant: false });
    if (source.spooled || !options.tolerant) return { source, damage: undefined };
    // Read where it lies, piece by piece: damage would show only in the middle of the run.
    await source.close();
    const damage = `${path}: read where it lies; with --tolerant, damage in it is not noticed`;
    return { source: await openRaster(path, options), damage };
  } catch (error) {
    if (!options.tolerant || !isDeblurError(error, "InputError")) throw error;
    const source = await openRaster(path, options);
    return { source, damage: `${error.message}; what could be decoded is used` };
  }
}
