/** Encodes samples of training as images for its page. */

import { sharp } from "../../io/formats/libvips.ts";
import type { MeasuredPair, Sampled } from "../../model/training/measure.ts";
import { packed } from "../html/page.ts";

/** The images of a pair as data URLs: the same at every measurement. */
export interface SamplePair {
  readonly blurry: string;
  readonly sharp: string;
}

/** The net's results for a pair as data URLs. */
export interface SampleOfPair {
  readonly restored?: string;
  readonly kernels?: string;
}

export async function samplePair({
  width,
  height,
  sharp: truth,
  blurry,
}: MeasuredPair): Promise<SamplePair> {
  const image = (rgb: Uint8Array) => urlOf(rgb, { width, height, channels: 3 });
  return { blurry: await image(blurry), sharp: await image(truth) };
}

export async function sampleOfPair(
  { width, height }: MeasuredPair,
  { restored, kernels }: Sampled,
): Promise<SampleOfPair> {
  return {
    ...(restored && { restored: await urlOf(restored, { width, height, channels: 3 }) }),
    ...(kernels && { kernels: await kernelSheet(kernels) }),
  };
}

/** Kernels side by side, a line between them. */
async function kernelSheet({
  size,
  across,
  taps,
}: NonNullable<Sampled["kernels"]>): Promise<string> {
  const side = across * (size + 1) - 1;
  const sheet = new Uint8Array(side * side).fill(70);
  for (let place = 0; place < across * across; place++) {
    const kernel = taps.subarray(place * size * size, (place + 1) * size * size);
    const most = kernel.reduce((a, b) => Math.max(a, b), 0);
    const [left, top] = [(place % across) * (size + 1), Math.floor(place / across) * (size + 1)];
    for (const [tap, value] of kernel.entries()) {
      const at = (top + Math.floor(tap / size)) * side + left + (tap % size);
      sheet[at] = most > 0 ? Math.round((255 * Math.max(0, value)) / most) : 0;
    }
  }
  return urlOf(sheet, { width: side, height: side, channels: 1 });
}

/** WebP without visible loss, a quarter of a PNG's size; kernels are lossless. */
async function urlOf(
  samples: Uint8Array,
  raw: { readonly width: number; readonly height: number; readonly channels: 1 | 3 },
): Promise<string> {
  const webp =
    raw.channels === 1 ? { lossless: true } : { quality: 92, smartSubsample: true as const };
  return `data:image/webp;base64,${packed(await sharp(samples, { raw }).webp(webp).toBuffer())}`;
}
