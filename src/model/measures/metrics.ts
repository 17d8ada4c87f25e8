/**
 * Measures the similarity of two images with the definitions of the deblurring papers. Samples are interleaved,
 * [height, width, channels], in the same unit as `peak`, the largest possible value.
 */

export interface MeasuredSize {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Largest possible value; 255 for samples of 8 bit. */
  readonly peak: number;
  /** Only windows centred on these rows count; the other rows are their surroundings. All rows by default. */
  readonly rows?: { readonly start: number; readonly end: number };
}

/** Rows on each side that a window centred on a row reads. */
export const windowReach = 5;

/** 10·log₁₀(peak² / mean squared difference), dB; ∞ for equal images. @throws RangeError for unequal lengths */
export function psnr(a: ArrayLike<number>, b: ArrayLike<number>, peak: number): number {
  if (a.length !== b.length || a.length === 0)
    throw new RangeError(`expected as many samples in both but received ${a.length}, ${b.length}`);
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += ((a[i] as number) - (b[i] as number)) ** 2;
  return 10 * Math.log10((peak * peak * a.length) / squares);
}

/**
 * Structural similarity with a Gaussian window of 11×11, σ 1.5 (Wang et al. 2004) and population covariance: the
 * mean over all channels and all windows inside the image.
 * @throws RangeError for a side below 11, or if samples do not fill the size
 */
export function ssim(a: ArrayLike<number>, b: ArrayLike<number>, size: MeasuredSize): number {
  checkSize(a, b, size);
  const { width, height, channels } = size;
  if (Math.min(width, height) < window.length)
    throw new RangeError(`expected sides of at least 11 but received ${width}×${height}`);
  const start = Math.max(windowReach, size.rows?.start ?? 0);
  const end = Math.min(height - windowReach, size.rows?.end ?? height);
  let sum = 0;
  for (let channel = 0; channel < channels; channel++) {
    const map = similarity(plane(a, channel, channels), plane(b, channel, channels), size, (it) =>
      smooth(it, width, height),
    );
    for (let y = start; y < end; y++)
      for (let x = windowReach; x < width - windowReach; x++) sum += map[y * width + x] as number;
  }
  return sum / (channels * (width - 2 * windowReach) * (end - start));
}

/**
 * `ssim` over the windows inside the image, weighted by `mask` [height, width] at their centres.
 * @throws as `ssim`
 */
export function maskedSsim(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  mask: ArrayLike<number>,
  size: MeasuredSize,
): number {
  checkSize(a, b, size);
  const { width, height, channels } = size;
  if (Math.min(width, height) < window.length)
    throw new RangeError(`expected sides of at least 11 but received ${width}×${height}`);
  let [sum, weight] = [0, 0];
  for (let channel = 0; channel < channels; channel++) {
    const map = similarity(plane(a, channel, channels), plane(b, channel, channels), size, (it) =>
      smooth(it, width, height),
    );
    for (let y = windowReach; y < height - windowReach; y++) {
      for (let at = y * width + windowReach; at < (y + 1) * width - windowReach; at++) {
        sum += (map[at] as number) * (mask[at] as number);
        weight += mask[at] as number;
      }
    }
  }
  return sum / weight;
}

/**
 * The variant that BasicSR and NAFNet report for GoPro and HIDE: one window of 11×11×11 over rows, columns and
 * channels, edges replicated, mean over all of it. It is higher than `ssim` on most images.
 * @throws RangeError if samples do not fill the size
 */
export function ssim3d(a: ArrayLike<number>, b: ArrayLike<number>, size: MeasuredSize): number {
  checkSize(a, b, size);
  const { width, height, channels } = size;
  const across = acrossChannels(channels);
  const smoothAll = (volume: Float64Array): Float64Array => {
    const planes = Array.from({ length: channels }, (_, channel) =>
      smooth(plane(volume, channel, channels), width, height),
    );
    const out = new Float64Array(volume.length);
    for (let pixel = 0, at = 0; pixel < width * height; pixel++)
      for (const weights of across) {
        let sum = 0;
        for (const [from, weight] of weights.entries())
          sum += weight * ((planes[from] as Float64Array)[pixel] as number);
        out[at++] = sum;
      }
    return out;
  };
  const map = similarity(Float64Array.from(a), Float64Array.from(b), size, smoothAll);
  const { start = 0, end = height } = size.rows ?? {};
  const counted = map.subarray(start * width * channels, end * width * channels);
  return counted.reduce((sum, value) => sum + value, 0) / counted.length;
}

/** The Gaussian of σ 1.5 at −5 … 5, of sum 1. */
const window = ((): readonly number[] => {
  const bell = Array.from({ length: 2 * windowReach + 1 }, (_, i) =>
    Math.exp(-((i - windowReach) ** 2) / 4.5),
  );
  const sum = bell.reduce((total, value) => total + value, 0);
  return bell.map((value) => value / sum);
})();

/** SSIM at every pixel; `mean` computes the local moments. */
function similarity(
  a: Float64Array,
  b: Float64Array,
  { peak }: MeasuredSize,
  mean: (values: Float64Array) => Float64Array,
): Float64Array {
  const c1 = (0.01 * peak) ** 2;
  const c2 = (0.03 * peak) ** 2;
  const product = (x: Float64Array, y: Float64Array): Float64Array =>
    x.map((value, i) => value * (y[i] as number));
  const [meanA, meanB] = [mean(a), mean(b)];
  const [squareA, squareB, both] = [product(a, a), product(b, b), product(a, b)].map(mean) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return meanA.map((mA, i) => {
    const mB = meanB[i] as number;
    const covariance = (both[i] as number) - mA * mB;
    const variances = (squareA[i] as number) - mA * mA + (squareB[i] as number) - mB * mB;
    return (
      ((2 * mA * mB + c1) * (2 * covariance + c2)) / ((mA * mA + mB * mB + c1) * (variances + c2))
    );
  });
}

/** Weighted means along rows, then columns; edges replicated. */
function smooth(values: Float64Array, width: number, height: number): Float64Array {
  const alongRows = new Float64Array(values.length);
  const out = new Float64Array(values.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let tap = 0; tap < window.length; tap++) {
        const from = Math.min(width - 1, Math.max(0, x + tap - windowReach));
        sum += (window[tap] as number) * (values[y * width + from] as number);
      }
      alongRows[y * width + x] = sum;
    }
  for (let y = 0; y < height; y++)
    for (let tap = 0; tap < window.length; tap++) {
      const from = width * Math.min(height - 1, Math.max(0, y + tap - windowReach));
      const weight = window[tap] as number;
      for (let x = 0; x < width; x++)
        out[y * width + x] =
          (out[y * width + x] as number) + weight * (alongRows[from + x] as number);
    }
  return out;
}

/** For each channel, the weight of every channel in its mean: the window with replicated ends. */
function acrossChannels(channels: number): readonly (readonly number[])[] {
  return Array.from({ length: channels }, (_, channel) => {
    const weights = new Array<number>(channels).fill(0);
    for (let tap = 0; tap < window.length; tap++) {
      const from = Math.min(channels - 1, Math.max(0, channel + tap - windowReach));
      weights[from] = (weights[from] as number) + (window[tap] as number);
    }
    return weights;
  });
}

function plane(samples: ArrayLike<number>, channel: number, channels: number): Float64Array {
  const out = new Float64Array(samples.length / channels);
  for (let i = 0; i < out.length; i++) out[i] = samples[i * channels + channel] as number;
  return out;
}

function checkSize(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { width, height, channels }: MeasuredSize,
): void {
  const expected = width * height * channels;
  if (a.length === expected && b.length === expected) return;
  throw new RangeError(
    `expected ${expected} samples in both but received ${a.length}, ${b.length}`,
  );
}
