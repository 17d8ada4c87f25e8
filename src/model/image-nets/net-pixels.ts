/** Brings tiles into the form that an image net takes, and its output back. */
import type { ImageNetForm, PixelLayout, PixelRange } from "./image-net.ts";

const scales: Readonly<Record<PixelRange, { readonly scale: number; readonly offset: number }>> = {
  "0..1": { scale: 1, offset: 0 },
  "0..255": { scale: 255, offset: 0 },
  "-1..1": { scale: 2, offset: -1 },
};

/** The sides of the net's input for a tile of `height` × `width`. */
export function netSides(
  { multiple, fixed }: ImageNetForm,
  height: number,
  width: number,
): readonly [number, number] {
  const up = (side: number) => Math.ceil(side / multiple) * multiple;
  return fixed ?? [up(height), up(width)];
}

/**
 * The net's input: `pixels` [3, h, w] planar 0..1, reflected to the right and below to the net's sides, in its layout
 * and range.
 */
export function toNet(
  pixels: Float32Array,
  [height, width]: readonly [number, number],
  form: ImageNetForm,
): Float32Array<ArrayBuffer> {
  const [netHeight, netWidth] = netSides(form, height, width);
  const { scale, offset } = scales[form.range];
  const at = placeIn(form.layout, netHeight, netWidth);
  const rows = reflected(netHeight, height);
  const columns = reflected(netWidth, width);
  const input = new Float32Array(3 * netHeight * netWidth);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < netHeight; y++) {
      const row = (channel * height + (rows[y] as number)) * width;
      for (let x = 0; x < netWidth; x++) {
        const value = pixels[row + (columns[x] as number)] as number;
        input[at(channel, y, x)] = value * scale + offset;
      }
    }
  }
  return input;
}

/** The net's output, cut to [3, h, w] planar, 0..1. */
export function fromNet(
  output: Float32Array,
  [height, width]: readonly [number, number],
  form: ImageNetForm,
): Float32Array<ArrayBuffer> {
  const [netHeight, netWidth] = netSides(form, height, width);
  const { scale, offset } = scales[form.range];
  const at = placeIn(form.layout, netHeight, netWidth);
  const pixels = new Float32Array(3 * height * width);
  let i = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        pixels[i++] = ((output[at(channel, y, x)] as number) - offset) / scale;
      }
    }
  }
  return pixels;
}

type PlaceOf = (channel: number, y: number, x: number) => number;

function placeIn(layout: PixelLayout, height: number, width: number): PlaceOf {
  return layout === "NCHW"
    ? (channel, y, x) => (channel * height + y) * width + x
    : (channel, y, x) => (y * width + x) * 3 + channel;
}

/** For each of `count` places the index in a side of `side`: mirrored at the last pixel, back and forth. */
function reflected(count: number, side: number): Int32Array {
  const period = Math.max(1, 2 * side - 2);
  return Int32Array.from({ length: count }, (_, i) => {
    const place = i % period;
    return place < side ? place : period - place;
  });
}
