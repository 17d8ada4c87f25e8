/**
 * Compares an image with a ground truth taken through another lens. Scales and aligns it first, as in the
 * evaluation of RealBlur (Rim et al., ECCV 2020), which follows the code of Köhler's benchmark.
 */

import { findHomography } from "./homography.ts";
import { maskedSsim } from "./metrics.ts";
import type { GreyPlane, Homography, InterleavedImage } from "./plane.ts";
import { warp } from "./warp.ts";

export interface AlignedLikeness {
  /** dB; ∞ for equal images. */
  readonly psnr: number;
  readonly ssim: number;
  readonly homography: Homography;
}

const iterations = 100;

/**
 * @param restored, sharp [height, width, 1 or 3] of one size, 0..1
 * @throws AlignmentError if they cannot be aligned, RangeError for a side below 11
 */
export function alignedLikeness(
  restored: InterleavedImage,
  sharp: InterleavedImage,
): AlignedLikeness {
  const { width, height, channels } = sharp;
  let [products, squares] = [0, 0];
  for (const [at, z] of restored.values.entries()) {
    products += z * (sharp.values[at] as number);
    squares += z * z;
  }
  const scale = products / squares;
  const scaled = { ...restored, values: restored.values.map((z) => scale * z) };
  const homography = findHomography(grey(sharp), grey(scaled), iterations);
  const { values, mask } = warp(scaled, homography);
  const masked = (from: Float32Array) =>
    from.map((value, at) => value * (mask[Math.floor(at / channels)] as number));
  const [z, x] = [masked(values), masked(sharp.values)];
  let error = 0;
  for (let at = 0; at < x.length; at++) error += ((x[at] as number) - (z[at] as number)) ** 2;
  const counted = channels * mask.reduce((sum, one) => sum + one, 0);
  return {
    psnr: 10 * Math.log10(counted / error),
    ssim: maskedSsim(x, z, mask, { width, height, channels, peak: 1 }),
    homography,
  };
}

/** Luma by BT.601. */
function grey({ width, height, channels, values }: InterleavedImage): GreyPlane {
  if (channels === 1) return { width, height, values };
  const plane = new Float32Array(width * height);
  for (let at = 0; at < plane.length; at++) {
    const [red, green, blue] = values.subarray(
      at * channels,
      at * channels + 3,
    ) as unknown as Three;
    plane[at] = 0.299 * red + 0.587 * green + 0.114 * blue;
  }
  return { width, height, values: plane };
}

type Three = readonly [number, number, number];
