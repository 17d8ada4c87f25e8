/**
 * Undoes what a predictor did before compression: 2 (TIFF 6.0, section 14) stores differences of
 * neighbouring samples, 3 (Adobe Photoshop TIFF technical note 3) differences of the bytes of floats, sorted by
 * their weight. geotiff.js 3.0.5 does this too, but takes big-endian samples for little-endian ones.
 */
import { bitsOf, type Samples } from "../../../../image/samples.ts";
import { blockBands, type Layout } from "./layout.ts";

/** `samples` of `rows` full rows of a block, in the machine's byte order for 2, as stored for 3; changed in place. */
export function undoPredictor(layout: Layout, samples: Samples, rows: number): Samples {
  const step = blockBands(layout);
  const line = layout.blockWidth * step;
  if (layout.predictor === 1) return samples;
  for (let row = 0; row < rows; row++) {
    const part = samples.subarray(row * line, (row + 1) * line) as Samples;
    if (layout.predictor === 3) addBytes(part, step, bitsOf(layout.sampleType) / 8);
    else addSamples(part, step);
  }
  return samples;
}

/** Sums wrap around in the samples' own bits; floats are added as the integers their bits are. */
function addSamples(line: Samples, step: number): void {
  if (line instanceof Float64Array) {
    const bits = new BigUint64Array(line.buffer, line.byteOffset, line.length);
    for (let i = step; i < bits.length; i++) {
      bits[i] = (bits[i] as bigint) + (bits[i - step] as bigint);
    }
    return;
  }
  const bits =
    line instanceof Float32Array
      ? new Uint32Array(line.buffer, line.byteOffset, line.length)
      : line;
  for (let i = step; i < bits.length; i++)
    bits[i] = (bits[i] as number) + (bits[i - step] as number);
}

/** The bytes of all samples of the line lie together by weight, the heaviest first. */
function addBytes(line: Samples, step: number, size: number): void {
  const bytes = new Uint8Array(line.buffer, line.byteOffset, line.byteLength);
  for (let i = step; i < bytes.length; i++)
    bytes[i] = (bytes[i] as number) + (bytes[i - step] as number);
  const sorted = bytes.slice();
  for (let i = 0; i < line.length; i++) {
    for (let weight = 0; weight < size; weight++) {
      // Ascending in memory; `decodeBlock` has it for little-endian machines.
      bytes[i * size + size - 1 - weight] = sorted[weight * line.length + i] as number;
    }
  }
}
