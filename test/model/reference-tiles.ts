/** Loads the reference tensors in the layout of the nets. */
import type { Tensor } from "../../src/model/weights/weights.ts";

/** [1, h·w, c] of the fixture → [1, c, h, w] of the graph. */
export function channelsFirst({ data }: Tensor, channels: number, h: number, w: number): Tensor {
  const moved = data.map((_, i) => {
    const [channel, cell] = [Math.floor(i / (h * w)), i % (h * w)];
    return data[cell * channels + channel] as number;
  });
  return { data: moved, shape: [1, channels, h, w] };
}

/** Pads by reflection right and bottom to a multiple of the alignment, as the net's entry does. */
export function padded({ data, shape: [, , h = 0, w = 0] }: Tensor, alignment = 16): Tensor {
  const size = (n: number) => Math.ceil(n / alignment) * alignment;
  const mirror = (i: number, n: number) => (i < n ? i : 2 * (n - 1) - i);
  const out = new Float32Array(3 * size(h) * size(w));
  for (let i = 0; i < out.length; i++) {
    const x = mirror(i % size(w), w);
    const y = mirror(Math.floor(i / size(w)) % size(h), h);
    const c = Math.floor(i / (size(w) * size(h)));
    out[i] = data[(c * h + y) * w + x] as number;
  }
  return { data: out, shape: [1, 3, size(h), size(w)] };
}

/** clamp(image + residual), cropped. */
export function restored(image: Tensor, residual: Tensor | undefined, like: Tensor): Tensor {
  const [, , H = 0, W = 0] = image.shape;
  const [, , h = 0, w = 0] = like.shape;
  const data = like.data.map((_, i) => {
    const at = (Math.floor(i / (h * w)) * H + (Math.floor(i / w) % h)) * W + (i % w);
    const value = (image.data[at] as number) + (residual?.data[at] ?? Number.NaN);
    return Math.min(1, Math.max(0, value));
  });
  return { data, shape: like.shape };
}
