/**
 * Writes an image as a tiled TIFF in one pass: the tiles, the directories after them, and last the header that points
 * there. Classic TIFF where everything lies below 4 GB, else BigTIFF.
 */
import { open } from "node:fs/promises";
import type { ImageSource } from "../../../../image/raster.ts";
import { appendTo, type WritingContext } from "../../../pool/append-in-order.ts";
import { fileHeader, headerBytes, layOutDirectories } from "./write-directories.ts";
import { directoryOf, fitsClassic, pagesOf, type TiffForm, writePair } from "./written-page.ts";

/**
 * Writes `image` into the new file `path` on the run's disk; the caller deletes it on failure.
 * Fails with the system's error, what reading fails with, or the signal's reason.
 */
export async function writeTiff(
  path: string,
  image: ImageSource,
  form: TiffForm,
  context: WritingContext,
): Promise<void> {
  const { littleEndian } = form.origin;
  const file = await open(path, "wx");
  try {
    // Either header has room here.
    const appender = appendTo(file, headerBytes(true));
    const pages = pagesOf(await writePair(image, form, appender, context));
    if (appender.position % 2 === 1) await appender.append(new Uint8Array(1));
    const at = appender.position;
    const big = form.big === true || !fitsClassic(pages, { at });
    const directories = pages.map((page) => directoryOf(page, big));
    await appender.append(layOutDirectories(directories, { littleEndian, big, at }));
    await appendTo(file, 0).append(fileHeader({ littleEndian, big, at }));
  } finally {
    await file.close();
  }
}
