/**
 * The one door to sharp. Its cache is off: libvips remembers files by name, so that a picture replaced
 * under the same name would be read as it was before, and a deleted spool would keep its disk space.
 */
import sharp from "sharp";

sharp.cache(false);

export { sharp };

/** The first line libvips said, without the name of the module that said it. */
export function libvipsMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split("\n", 1)[0] ?? "";
  return line.replace(/^(?:Input file has corrupt header: )?(?:\w*vips\w*: )?/i, "").trim();
}

/**
 * The system's reason when libvips could not write `target` ("No space left on device"), else undefined:
 * what it says of a damaged input never names the file it writes.
 */
export function libvipsWriteFailure(error: unknown, target: string): string | undefined {
  const text = error instanceof Error ? error.message : "";
  if (!text.includes(`${target}: `)) return undefined;
  return /system error: (.+)/.exec(text)?.[1] ?? "write error";
}

/**
 * True where a TIFF of these pixels may pass 4 GB, the end of a classic TIFF's offsets; with room for
 * a compressor that makes noise larger.
 */
export function needsBigTiff(image: {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bits: number;
}): boolean {
  return (image.width * image.height * image.channels * image.bits) / 8 > 3.5e9;
}
