/** Reads an image as if it had another size: bilinear where it is enlarged, means of areas where it is reduced. */
import { invalidPixels } from "./invalid-pixels.ts";
import { plainRadiometry } from "./radiometry.ts";
import type { ImageSource, Raster } from "./raster.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The source pixels under one place of a side, and their shares. */
interface Taps {
  readonly first: number;
  readonly shares: readonly number[];
}

/** `source` at another size: float32 samples in its units. The same source if the size is its own. */
export function resized(source: ImageSource, { width, height }: Size): ImageSource {
  if (source.width === width && source.height === height) return source;
  const radiometry = source.radiometry ?? plainRadiometry(source.channels, source.sampleType);
  return {
    ...{ width, height, channels: source.channels, sampleType: "float32", radiometry },
    async read(rect, options) {
      const columns = tapsOf(rect.x, rect.width, source.width, width);
      const rows = tapsOf(rect.y, rect.height, source.height, height);
      const [x, right] = spanOf(columns);
      const [y, bottom] = spanOf(rows);
      const part = { x, y, width: right - x, height: bottom - y };
      const raster = await source.read(part, options);
      return mix(raster, { columns, rows, x, y }, invalidPixels(raster, radiometry));
    },
  };
}

/** For `count` places from `start` on a side of `to` pixels, what they take from one of `from`. */
function tapsOf(start: number, count: number, from: number, to: number): Taps[] {
  const scale = from / to;
  return Array.from({ length: count }, (_, i) => {
    const place = start + i;
    if (scale > 1) return areaTaps(place * scale, (place + 1) * scale, from);
    const middle = Math.min(from - 1, Math.max(0, (place + 0.5) * scale - 0.5));
    const first = Math.min(from - 1, Math.floor(middle));
    const share = middle - first;
    return first + 1 < from ? { first, shares: [1 - share, share] } : { first, shares: [1] };
  });
}

function areaTaps(low: number, high: number, from: number): Taps {
  const first = Math.floor(low);
  const last = Math.min(from - 1, Math.ceil(high) - 1);
  const shares = Array.from({ length: last - first + 1 }, (_, i) => {
    const pixel = first + i;
    return (Math.min(high, pixel + 1) - Math.max(low, pixel)) / (high - low);
  });
  return { first, shares };
}

function spanOf(taps: readonly Taps[]): [start: number, end: number] {
  const start = Math.min(...taps.map(({ first }) => first));
  return [start, Math.max(...taps.map(({ first, shares }) => first + shares.length))];
}

/** Samples at all places; a place is valid where all pixels it takes from are. */
function mix(
  raster: Raster,
  { columns, rows, x, y }: { columns: Taps[]; rows: Taps[]; x: number; y: number },
  invalid: Uint8Array | undefined,
): Raster {
  const { channels } = raster;
  const [width, height] = [columns.length, rows.length];
  const samples = new Float32Array(width * height * channels);
  const valid = invalid && new Uint8Array(width * height).fill(1);
  for (const [v, row] of rows.entries()) {
    for (const [u, column] of columns.entries()) {
      const at = v * width + u;
      for (const [i, down] of row.shares.entries()) {
        for (const [j, across] of column.shares.entries()) {
          const pixel = (row.first - y + i) * raster.width + (column.first - x + j);
          const share = down * across;
          if (share > 0 && valid && invalid[pixel] === 1) valid[at] = 0;
          for (let channel = 0; channel < channels; channel++) {
            const value = raster.samples[pixel * channels + channel] as number;
            const to = at * channels + channel;
            samples[to] = (samples[to] as number) + share * value;
          }
        }
      }
    }
  }
  return { width, height, channels, samples, ...(valid && { valid }) };
}
