/** Resamples an image through a homography like OpenCV's warpPerspective: at 1/32 pixel, bicubic with a = −0.75. */
import type { Homography, InterleavedImage } from "./plane.ts";

export interface Warped {
  readonly values: Float32Array<ArrayBuffer>;
  /** [height, width]: 1 where the nearest source pixel is inside the image. */
  readonly mask: Uint8Array<ArrayBuffer>;
}

/** Rounded to 1/32, the resolution of OpenCV's weight tables. */
export function quantised(place: number): number {
  return Math.round(place * 32) / 32;
}

/**
 * The image of the same size with the value at `map`(x, y) moved to (x, y). Beyond its edge the image is mirrored,
 * with the edge pixel repeated.
 */
export function warp(
  { width, height, channels, values }: InterleavedImage,
  map: Homography,
): Warped {
  const [a, b, c, d, e, f, g, h, one] = map as unknown as readonly number[] as Nine;
  const out = new Float32Array(values.length);
  const mask = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const weight = 1 / (g * x + h * y + one);
      const [atX, atY] = [(a * x + b * y + c) * weight, (d * x + e * y + f) * weight];
      const [column, row] = [Math.round(atX), Math.round(atY)];
      const pixel = y * width + x;
      mask[pixel] = column >= 0 && row >= 0 && column < width && row < height ? 1 : 0;
      const [fineX, fineY] = [quantised(atX), quantised(atY)];
      const [left, top] = [Math.floor(fineX), Math.floor(fineY)];
      const across = cubic(fineX - left);
      const down = cubic(fineY - top);
      for (let j = 0; j < 4; j++) {
        const line = reflected(top + j - 1, height) * width;
        for (let i = 0; i < 4; i++) {
          const share = (down[j] as number) * (across[i] as number);
          const from = (line + reflected(left + i - 1, width)) * channels;
          for (let channel = 0; channel < channels; channel++) {
            const to = pixel * channels + channel;
            out[to] = (out[to] as number) + share * (values[from + channel] as number);
          }
        }
      }
    }
  }
  return { values: out, mask };
}

type Nine = readonly [number, number, number, number, number, number, number, number, number];

/** Weights of the pixels at −1, 0, 1 and 2 for a position `t` after pixel 0. */
function cubic(t: number): readonly number[] {
  const a = -0.75;
  const before = ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a;
  const here = ((a + 2) * t - (a + 3)) * t * t + 1;
  const after = ((a + 2) * (1 - t) - (a + 3)) * (1 - t) * (1 - t) + 1;
  return [before, here, after, 1 - before - here - after];
}

function reflected(place: number, side: number): number {
  const turn = ((place % (2 * side)) + 2 * side) % (2 * side);
  return turn < side ? turn : 2 * side - 1 - turn;
}
