/** Assembles a rectangle of the image from parts of blocks. */
import { createSamples, type Samples } from "../../../../image/samples.ts";
import type { Rect } from "../../../../rect.ts";
import type { BlockPart, Blocks } from "./blocks.ts";

/** The samples of `rect`, [height, width, bands], of bands together however they are stored. */
export async function readWindow(
  { layout, part }: Blocks,
  rect: Rect,
  signal?: AbortSignal,
): Promise<Samples> {
  const { bands, blockWidth, blockHeight, planar } = layout;
  const samples = createSamples(layout.sampleType, rect.width * rect.height * bands);
  const placed: Promise<void>[] = [];
  for (let plane = 0; plane < (planar ? bands : 1); plane++) {
    for (const down of spans(rect.y, rect.height, blockHeight)) {
      for (const across of spans(rect.x, rect.width, blockWidth)) {
        const inBlock = { x: across.from, y: down.from, width: across.length, height: down.length };
        const place = async (): Promise<void> => {
          const found = await part(plane, down.block, across.block, inBlock);
          signal?.throwIfAborted();
          const start = (down.to * rect.width + across.to) * bands;
          if (planar) putBand(samples, found, start + plane, rect.width * bands, bands);
          else putAll(samples, found, start, rect.width * bands, bands);
        };
        placed.push(place());
      }
    }
  }
  // All of them: a later failure would be an unhandled rejection.
  for (const place of await Promise.allSettled(placed)) {
    if (place.status === "rejected") throw place.reason;
  }
  return samples;
}

/** `length` pixels of block `block`: from pixel `from` in it, to pixel `to` in the rectangle. */
interface Span {
  readonly block: number;
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** The blocks of `size` pixels that [start, start + length) touches. */
function spans(start: number, length: number, size: number): readonly Span[] {
  const found: Span[] = [];
  for (let at = start; at < start + length; ) {
    const block = Math.floor(at / size);
    const end = Math.min(start + length, (block + 1) * size);
    found.push({ block, from: at - block * size, to: at - start, length: end - at });
    at = end;
  }
  return found;
}

/** Rows of all bands, each `line` samples after the one before. */
function putAll(
  out: Samples,
  { samples, width, height }: BlockPart,
  start: number,
  line: number,
  bands: number,
): void {
  const row = width * bands;
  for (let y = 0; y < height; y++)
    out.set(samples.subarray(y * row, (y + 1) * row), start + y * line);
}

/** The samples of one band, each `bands` samples after the one before. */
function putBand(
  out: Samples,
  { samples, width, height }: BlockPart,
  start: number,
  line: number,
  bands: number,
): void {
  // As integers: a NaN keeps its bits.
  const [to, from] = [integersOf(out), integersOf(samples)];
  const words = from.length / samples.length;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = (start + y * line + x * bands) * words;
      for (let word = 0; word < words; word++) to[place + word] = from[at++] as number;
    }
  }
}

function integersOf(samples: Samples): Samples {
  const float = samples instanceof Float32Array || samples instanceof Float64Array;
  if (!float) return samples;
  return new Uint32Array(samples.buffer, samples.byteOffset, samples.byteLength / 4);
}
