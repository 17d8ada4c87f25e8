/** Computes how much of the restoration is added at each pixel: a number, times a mask, inside a region. */
import type { Rect } from "../rect.ts";
import { invalidPixels } from "./invalid-pixels.ts";
import { plainRadiometry } from "./radiometry.ts";
import type { ImageSource, Raster } from "./raster.ts";
import { whiteOf } from "./samples.ts";

/** The strength of the restoration at each pixel of an image. */
export interface StrengthField {
  /** The strength in a rectangle: one number if it is the same everywhere, else [height, width]. */
  read(
    rect: Rect,
    options: { readonly signal: AbortSignal },
  ): Promise<number | Float32Array<ArrayBuffer>>;
}

/** What decides the strength. */
export interface StrengthParts {
  /** Factor of the change that the net makes: 0 leaves the image as it is, 1 restores it. */
  readonly strength: number;
  /** Of the image's size: white restores, black and transparent leave, grey is between. undefined: white. */
  readonly mask?: ImageSource | undefined;
  /** The image is restored only here, weaker towards its edges; undefined: everywhere. */
  readonly region?: Rect | undefined;
}

/** Pixels inside a region's edge over which the strength rises. */
export const regionFeather = 16;

/** The strength in an image of `size`; undefined: it is 1 everywhere. The caller closes the mask. */
export function strengthOf(
  { strength, mask, region }: StrengthParts,
  size: { readonly width: number; readonly height: number },
): StrengthField | undefined {
  if (strength === 1 && mask === undefined && region === undefined) return undefined;
  const columns = region && edgeWeights(region.x, region.width, size.width);
  const rows = region && edgeWeights(region.y, region.height, size.height);
  return {
    async read(rect, options) {
      const [across, down] = [columns?.(rect.x, rect.width), rows?.(rect.y, rect.height)];
      const isOutside = across?.every(isZero) || down?.every(isZero);
      if (strength === 0 || isOutside === true) return 0;
      if (mask === undefined && (across?.every(isOne) ?? true) && (down?.every(isOne) ?? true)) {
        return strength;
      }
      const field = mask
        ? brightness(await mask.read(rect, options), mask)
        : new Float32Array(rect.width * rect.height).fill(1);
      for (let y = 0, at = 0; y < rect.height; y++) {
        const inRow = strength * (down?.[y] ?? 1);
        for (let x = 0; x < rect.width; x++, at++) {
          field[at] = (field[at] as number) * inRow * (across?.[x] ?? 1);
        }
      }
      const [first = 0] = field;
      return field.every((value) => value === first) ? first : field;
    },
  };
}

const isZero = (value: number): boolean => value === 0;
const isOne = (value: number): boolean => value === 1;

/** The weights of a side of the region, for any range of it: 0 outside, 1 inside, rising between. */
function edgeWeights(
  start: number,
  length: number,
  side: number,
): (from: number, count: number) => Float32Array {
  const end = start + length;
  const feather = Math.min(regionFeather, Math.floor(length / 2));
  const rise = (inside: number): number => Math.min(1, (inside + 0.5) / feather);
  const weight = (place: number): number => {
    if (place < start || place >= end) return 0;
    // There is nothing to fade into beyond the image.
    const low = start === 0 || feather === 0 ? 1 : rise(place - start);
    const high = end === side || feather === 0 ? 1 : rise(end - 1 - place);
    return Math.min(low, high);
  };
  return (from, count) => Float32Array.from({ length: count }, (_, i) => weight(from + i));
}

/** The brightness of a mask, 0..1, [height, width]: the mean of its colours, times its alpha. */
function brightness(raster: Raster, mask: ImageSource): Float32Array<ArrayBuffer> {
  const { samples, channels, width, height } = raster;
  const radiometry = mask.radiometry ?? plainRadiometry(mask.channels, mask.sampleType);
  const {
    colours,
    range: [low, high],
    alpha,
  } = radiometry;
  const invalid = invalidPixels(raster, radiometry);
  const opaque = whiteOf(mask.sampleType);
  const unit = (value: number): number => Math.min(1, Math.max(0, value));
  return Float32Array.from({ length: width * height }, (_, pixel) => {
    if (invalid?.[pixel] === 1) return 0;
    const first = pixel * channels;
    let sum = 0;
    for (const channel of colours) sum += samples[first + channel] as number;
    const bright = unit((sum / colours.length - low) / (high - low));
    if (alpha === undefined) return bright;
    const shown = unit((samples[first + alpha.channel] as number) / opaque);
    // Premultiplied colours are weighted by alpha already.
    return alpha.premultiplied ? bright : bright * shown;
  });
}
