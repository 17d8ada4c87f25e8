/** Compares a restored image with its sharp image after aligning the two (see `alignedLikeness`). */
import { InputError } from "../../errors.ts";
import type { ImageSource } from "../../image/raster.ts";
import { fullRadiometry, type Likeness, type MeasuringOptions } from "./compare-images.ts";
import { alignImagesIn } from "./evaluation-tasks.ts";

/** Both images are held whole, some 80 bytes a pixel. */
const mostPixels = 32e6;

/**
 * Replaces `compareImages` under the protocol of RealBlur, which defines no 3-D SSIM.
 * @throws InputError naming `path` where the images are too large or cannot be aligned; what reading throws
 */
export async function alignedImages(
  restored: ImageSource,
  truth: ImageSource,
  path: string,
  { pool, signal }: MeasuringOptions,
): Promise<Likeness> {
  const { width, height } = truth;
  const size = `${width}×${height}`;
  if (width * height > mostPixels)
    throw new InputError(path, `Expected at most 32 megapixels to align but found ${size}`);
  if (Math.min(width, height) < 11)
    throw new InputError(path, `Expected sides of at least 11 pixels to align but found ${size}`);
  const whole = { x: 0, y: 0, width, height };
  const part = async (of: ImageSource) => ({
    raster: await of.read(whole, { signal }),
    radiometry: fullRadiometry(of),
  });
  const job = { restored: await part(restored), truth: await part(truth) };
  const aligned = await alignImagesIn(pool)(job);
  signal.throwIfAborted();
  if ("problem" in aligned)
    throw new InputError(path, `cannot be aligned with its sharp image: ${aligned.problem}`);
  return { ...aligned, ssim3d: undefined };
}
