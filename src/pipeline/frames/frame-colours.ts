/** Converts a part of a frame for the net: to red, green and blue, or to grey alone, 0..1 within the levels. */
import type { Raster } from "../../image/raster.ts";
import type { Rect } from "../../rect.ts";
import { levelsScale, lumaWeights } from "./colour.ts";
import type { Frame } from "./frame.ts";
import { bytesOf, type Component, componentsOf } from "./pixel-form.ts";
import { type Tap, upTaps } from "./resample.ts";

/**
 * Returns the colours under `rect`: float32 [height, width, 3], or [height, width, 1] of grey. Chroma is interpolated
 * to the positions of luma. Nothing is clamped.
 */
export function coloursOf(frame: Frame, rect: Rect): Raster {
  const { form } = frame;
  const samples = samplesOf(frame);
  const components = componentsOf(form, frame);
  const channels = components.length;
  const { width, height } = rect;
  const raster = { width, height, channels, samples: new Float32Array(width * height * channels) };
  if (form.model === "yuv") fillFromYuv(raster.samples, rect, { frame, samples, components });
  else {
    for (const [channel, component] of components.entries()) {
      fillFromPlain(raster.samples, rect, { channel, channels, component, samples, frame });
    }
  }
  return raster;
}

/** Returns a view of the frame's samples: writing to it changes the frame, unless its words are unaligned. */
export function samplesOf({
  form,
  data,
}: Pick<Frame, "form" | "data">): Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  if (bytesOf(form) === 1) return data;
  // Words have the machine's byte order: the stream's on every platform of Node.js except s390x.
  const aligned = data.byteOffset % 2 === 0 ? data : new Uint8Array(data);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
}

interface Planes {
  readonly frame: Frame;
  readonly samples: ReturnType<typeof samplesOf>;
  readonly components: readonly Component[];
}

/** Fills one channel of RGB or grey, which needs no matrix. */
function fillFromPlain(
  out: Float32Array,
  rect: Rect,
  {
    channel,
    channels,
    component: { first, step, width },
    samples,
    frame,
  }: Omit<Planes, "components"> & {
    readonly channel: number;
    readonly channels: number;
    readonly component: Component;
  },
): void {
  const { black, luma } = levelsScale(frame.colour.levels, frame.form.bits);
  let to = channel;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    let at = first + (y * width + rect.x) * step;
    for (let x = 0; x < rect.width; x++, at += step, to += channels) {
      out[to] = ((samples[at] as number) - black) / luma;
    }
  }
}

function fillFromYuv(out: Float32Array, rect: Rect, { frame, samples, components }: Planes): void {
  const { colour, form, width, height } = frame;
  const { kr, kb } = lumaWeights[colour.matrix];
  const kg = 1 - kr - kb;
  const { black, luma, neutral, chroma } = levelsScale(colour.levels, form.bits);
  const { across = 1, down = 1, x: left = 0, y: top = 0 } = form.chroma ?? {};
  const [, blue, red] = components as [Component, Component, Component];
  const columns = upTaps({ length: width, factor: across, first: left }, [
    rect.x,
    rect.x + rect.width,
  ]);
  const rows = upTaps({ length: height, factor: down, first: top }, [rect.y, rect.y + rect.height]);
  let to = 0;
  for (const [row, vertical] of rows.entries()) {
    const start = (rect.y + row) * width + rect.x;
    for (const [column, horizontal] of columns.entries()) {
      const y = ((samples[start + column] as number) - black) / luma;
      const cb = (meanAt(samples, blue, vertical, horizontal) - neutral) / chroma;
      const cr = (meanAt(samples, red, vertical, horizontal) - neutral) / chroma;
      const r = y + 2 * (1 - kr) * cr;
      const b = y + 2 * (1 - kb) * cb;
      out[to++] = r;
      out[to++] = (y - kr * r - kb * b) / kg;
      out[to++] = b;
    }
  }
}

function meanAt(
  samples: ArrayLike<number>,
  { first, width }: Component,
  rows: Tap,
  columns: Tap,
): number {
  let sum = 0;
  for (let row = 0; row < rows.weights.length; row++) {
    const start = first + (rows.from + row) * width + columns.from;
    const weight = rows.weights[row] as number;
    for (let column = 0; column < columns.weights.length; column++) {
      sum += weight * (columns.weights[column] as number) * (samples[start + column] as number);
    }
  }
  return sum;
}
