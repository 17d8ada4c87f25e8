/**
 * Blurs images on the CPU with a kernel per pixel (⊗ of the paper, eq. 4 and 8): out(p) = Σ_d K_p(d) · x(p + d).
 * This is a cross-correlation with the same kernel for all channels.
 */
import type { BlurField } from "./blur-field.ts";
import { type Border, type PlanarImage, surround } from "./planar-image.ts";

export interface ReblurOptions {
  /** Odd. */
  readonly kernelSize: number;
  /** Continuation beyond the edge; "none": `image` already has kernelSize div 2 extra pixels on every side. */
  readonly border: Border | "none";
}

/**
 * image ⊗ kernels.
 * @param kernels [kernelSize², height, width] of the result; tap (row, column) is channel row · kernelSize + column
 * @returns [channels, height, width]
 * @throws RangeError if the number of kernels differs from the number of pixels
 */
export function reblur(
  image: PlanarImage,
  kernels: Float32Array,
  { kernelSize, border }: ReblurOptions,
): Float32Array<ArrayBuffer> {
  const { source, width, height } = prepare(image, kernelSize, border);
  const plane = width * height;
  if (kernels.length !== kernelSize ** 2 * plane)
    throw new RangeError(
      `expected ${kernelSize ** 2} × ${height} × ${width} kernel values but received ${kernels.length}`,
    );
  const channels = channelsOf(source);
  const blurred = new Float32Array(channels * plane);
  const row = new Float64Array(width);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < height; y++) {
      row.fill(0);
      for (let tap = 0; tap < kernelSize ** 2; tap++) {
        const below = y + Math.floor(tap / kernelSize);
        const from = (channel * source.height + below) * source.width + (tap % kernelSize);
        const weights = tap * plane + y * width;
        for (let x = 0; x < width; x++) {
          (row[x] as number) +=
            (kernels[weights + x] as number) * (source.values[from + x] as number);
        }
      }
      blurred.set(row, channel * plane + y * width);
    }
  }
  return blurred;
}

/**
 * image ⊗ the field's kernels without expanding them: each part blurs the pixels in which it has a share, with the
 * nonzero taps of its kernel.
 * @returns [channels, height, width]
 * @throws RangeError if the field's size differs from the image's
 */
export function blurByField(
  image: PlanarImage,
  field: BlurField,
  border: ReblurOptions["border"],
): Float32Array<ArrayBuffer> {
  const { source, width, height } = prepare(image, field.kernelSize, border);
  if (field.width !== width || field.height !== height)
    throw new RangeError(
      `expected a field of ${width}×${height} but received one of ${field.width}×${field.height}`,
    );
  const channels = channelsOf(source);
  const blurred = new Float32Array(channels * width * height);
  const row = new Float64Array(width);
  for (const { kernel, share } of field.parts) {
    const taps = tapsOf(kernel, field.kernelSize, source.width);
    for (let y = 0; y < height; y++) {
      const shares = share.subarray(y * width, (y + 1) * width);
      const first = shares.findIndex((part) => part > 0);
      if (first < 0) continue;
      const end = shares.findLastIndex((part) => part > 0) + 1;
      for (let channel = 0; channel < channels; channel++) {
        correlate(
          row,
          source.values,
          (channel * source.height + y) * source.width,
          taps,
          first,
          end,
        );
        const to = (channel * height + y) * width;
        for (let x = first; x < end; x++) {
          (blurred[to + x] as number) += (shares[x] as number) * (row[x] as number);
        }
      }
    }
  }
  return blurred;
}

/** The nonzero taps of a kernel, padded with weights of 0 to a multiple of four. */
interface Taps {
  /** Relative to the pixel under the kernel's first tap. */
  readonly offsets: Int32Array;
  readonly weights: Float64Array;
}

function tapsOf(kernel: Float32Array, kernelSize: number, sourceWidth: number): Taps {
  const places = [...kernel.keys()].filter((tap) => kernel[tap] !== 0);
  const taps = {
    offsets: new Int32Array(Math.ceil(places.length / 4) * 4),
    weights: new Float64Array(Math.ceil(places.length / 4) * 4),
  };
  places.forEach((tap, i) => {
    taps.offsets[i] = Math.floor(tap / kernelSize) * sourceWidth + (tap % kernelSize);
    taps.weights[i] = kernel[tap] as number;
  });
  return taps;
}

/** row[x] = Σ weight · values[start + x + offset] from `first` to before `end`. */
function correlate(
  row: Float64Array,
  values: Float32Array,
  start: number,
  { offsets, weights }: Taps,
  first: number,
  end: number,
): void {
  row.fill(0, first, end);
  // Four taps at a time: each sum is then loaded and stored a quarter as often, which is most of the work.
  for (let tap = 0; tap < offsets.length; tap += 4) {
    const a = start + (offsets[tap] as number);
    const b = start + (offsets[tap + 1] as number);
    const c = start + (offsets[tap + 2] as number);
    const d = start + (offsets[tap + 3] as number);
    const [weightA, weightB] = [weights[tap] as number, weights[tap + 1] as number];
    const [weightC, weightD] = [weights[tap + 2] as number, weights[tap + 3] as number];
    for (let x = first; x < end; x++) {
      (row[x] as number) +=
        weightA * (values[a + x] as number) +
        weightB * (values[b + x] as number) +
        weightC * (values[c + x] as number) +
        weightD * (values[d + x] as number);
    }
  }
}

/** The padded image and the size of the result. */
function prepare(image: PlanarImage, kernelSize: number, border: ReblurOptions["border"]) {
  const margin = (kernelSize - 1) / 2;
  const source = border === "none" ? image : surround(image, margin, border);
  return { source, width: source.width - 2 * margin, height: source.height - 2 * margin };
}

function channelsOf({ width, height, values }: PlanarImage): number {
  return values.length / (width * height);
}
