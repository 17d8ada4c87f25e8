/**
 * Loads sharp, whose library is libvips, for all of io. Also translates libvips' messages, and decides which TIFF it
 * writes must be a BigTIFF. Its cache is off: it remembers files by name, so an image replaced under the same name
 * would be read as it was before, and a deleted spool would keep its disk space.
 */
import sharp from "sharp";

sharp.cache(false);

export { sharp };

/** The first line libvips said of the matter, without the name of the module that said it. */
export function libvipsMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text
    .split("\n")
    .map((line) => line.replace(prefix, "").replace(heifCode, "").trim());
  return lines.find((line) => line !== "" && !aside.test(line)) ?? "its header cannot be read";
}

const prefix =
  /^(?:Input \w+ has corrupt header: ?)?(?:\w*vips\w*: |\w+load(?:_\w+)?: )?(?:heif: )?/i;
/** Numbers libheif adds to its words. */
const heifCode = / \(\d+\.\d+\)$/;
/** Lines that go before the reason. */
const aside = /: bad seek to |^Warning treated as error/;

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
