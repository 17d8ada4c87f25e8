/**
 * Makes Deep Zoom tiles (DZI) of an image for viewers in a browser: OUT.dzi and the folder OUT_files, by libvips from
 * the finished rows. Its memory grows with the width, 5 KB a pixel, not with the height.
 */
import { lstat, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { IoError, OptionError, OutputError } from "../../errors.ts";
import type { ImageSource } from "../../image/raster.ts";
import { libvipsMessage, libvipsWriteFailure, sharp } from "../formats/libvips.ts";
import { assertFree, publish } from "../system/publish.ts";
import { systemCode, systemMessage } from "../system/system-error.ts";
import { type PyramidParts, partsOf, stemOf } from "./pyramid-parts.ts";

/** As other makers of such pyramids have it: 256 with the overlap on both sides. */
const tileSize = 254;
const overlap = 1;
const quality = 90;

export interface Pyramid {
  /**
   * Makes the tiles of the finished TIFF `strips` in the run's folder: JPEG, or PNG where the image is
   * transparent; sRGB of 8 bit. Fails with an Error with the system's reason or libvips'.
   */
  make(strips: string): Promise<void>;
  /**
   * Moves both parts to their place. @throws OutputError where one appeared meanwhile and `force` is not set,
   * IoError where the disk refuses
   */
  publish(): Promise<void>;
  /** Takes back what was published, or deletes what was made. Idempotent. */
  withdraw(): Promise<void>;
}

export interface PyramidOptions extends Pick<ImageSource, "channels" | "sampleType"> {
  /** The run's folder, on the disk of the output. */
  readonly folder: string;
  readonly force: boolean;
}

/**
 * Plans the pyramid of the image at `path`, beside it and named after it.
 * @throws OptionError where viewers could not show the image, OutputError where a part exists and `force` is not
 *   set or cannot be replaced
 */
export async function planPyramid(path: string, options: PyramidOptions): Promise<Pyramid> {
  const { folder, channels, force } = options;
  assertShowable(options);
  const to = partsOf(stemOf(path));
  const stem = join(folder, "pyramid");
  const made = partsOf(stem);
  await assertPartsFree(to, force);
  let published = false;
  return {
    async make(strips) {
      const image = sharp(strips, { limitInputPixels: false, sequentialRead: true });
      const numbers = image.toColourspace("srgb");
      const encoded = channels % 2 === 0 ? numbers.png() : numbers.jpeg({ quality });
      try {
        await encoded.tile({ size: tileSize, overlap, layout: "dz" }).toFile(`${stem}.dz`);
      } catch (cause) {
        throw new Error(libvipsWriteFailure(cause, stem) ?? libvipsMessage(cause), { cause });
      }
      // libvips' notes about the run's own file, which means nothing to the user.
      await rm(join(made.tiles, "vips-properties.xml"), { force: true });
    },
    async publish() {
      await assertPartsFree(to, force);
      try {
        // The replaced tiles are removed with the run's folder.
        if (force) await rename(to.tiles, join(folder, "replaced_files")).catch(unlessMissing);
        await rename(made.tiles, to.tiles);
      } catch (cause) {
        throw new IoError(to.tiles, systemMessage(cause), { cause });
      }
      published = true;
      await publish(made.description, to.description, { force });
      await rm(made.description, { force: true });
    },
    async withdraw() {
      const { description, tiles } = published ? to : made;
      await rm(description, { force: true });
      await rm(tiles, { recursive: true, force: true });
    },
  };
}

function assertShowable({ channels, sampleType }: PyramidOptions): void {
  if (channels <= 4 && (sampleType === "uint8" || sampleType === "uint16")) return;
  throw new OptionError(
    `Expected 1 to 4 channels of 8 or 16 bit for a pyramid but the picture has ${channels} of ${sampleType}`,
  );
}

async function assertPartsFree(
  { description, tiles }: PyramidParts,
  force: boolean,
): Promise<void> {
  await assertFree(description, { force });
  const found = await lstat(tiles).catch(() => undefined);
  if (found === undefined || (force && found.isDirectory())) return;
  const problem = found.isDirectory()
    ? "exists already; `force` replaces it"
    : "exists and is not a folder";
  throw new OutputError(tiles, problem);
}

function unlessMissing(error: unknown): void {
  if (systemCode(error) !== "ENOENT") throw error;
}
