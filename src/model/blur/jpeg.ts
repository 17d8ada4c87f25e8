/**
 * Simulates the loss of a JPEG file on pixels, without a file: colours as luma and chroma, blocks of 8×8 cosines rounded
 * to the steps of a quality (ITU-T T.81, with the tables of its Annex K scaled as by libjpeg). Threads of the pool run
 * synchronous code only, and the numbers must not depend on the version of a library.
 */

export interface JpegLoss {
  /** 1 to 100. */
  readonly quality: number;
  /** Chroma is stored at half the width and height, as most cameras do. */
  readonly halfChroma: boolean;
  /** The place of the image's corner in the grid of 16×16 blocks: 0 to 15. */
  readonly left: number;
  readonly top: number;
}

/** A plane of samples around 0. */
interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

const block = 8;
/** Sides of planes are multiples of this: blocks of chroma at half size. */
const grid = 16;

// biome-ignore format: rows of the table
const lumaSteps = [
  16, 11, 10, 16, 24, 40, 51, 61,
  12, 12, 14, 19, 26, 58, 60, 55,
  14, 13, 16, 24, 40, 57, 69, 56,
  14, 17, 22, 29, 51, 87, 80, 62,
  18, 22, 37, 56, 68, 109, 103, 77,
  24, 35, 55, 64, 81, 104, 113, 92,
  49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];

// biome-ignore format: rows of the table
const chromaSteps = [
  17, 18, 24, 47, 99, 99, 99, 99,
  18, 21, 26, 66, 99, 99, 99, 99,
  24, 26, 56, 99, 99, 99, 99, 99,
  47, 66, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
];

/**
 * Changes an image in place to what a decoder reads from its JPEG file.
 * @param values [3, height, width], n / 255 for whole n, and so afterwards
 */
export function loseAsJpeg(
  { width, height, values }: { width: number; height: number; values: Float32Array },
  { quality, halfChroma, left, top }: JpegLoss,
): void {
  const padded = (size: number) => Math.ceil(size / grid) * grid;
  const planes = planesOf(values, { width, height, left, top }, padded);
  planes.forEach((plane, channel) => {
    const steps = scaled(channel === 0 ? lumaSteps : chromaSteps, quality);
    const stored = channel > 0 && halfChroma ? halved(plane) : plane;
    quantise(stored, steps);
    if (stored !== plane) plane.values.set(doubled(stored).values);
  });
  const [luma, blue, red] = planes as [Plane, Plane, Plane];
  const size = width * height;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y + top) * luma.width + x + left;
      const bright = Math.round((luma.values[from] as number) + 128);
      const [b, r] = [
        Math.round(blue.values[from] as number),
        Math.round(red.values[from] as number),
      ];
      const to = y * width + x;
      values[to] = stored(bright + 1.402 * r);
      values[size + to] = stored(bright - 0.344136 * b - 0.714136 * r);
      values[2 * size + to] = stored(bright + 1.772 * b);
    }
  }
}

function stored(level: number): number {
  return Math.min(255, Math.max(0, Math.round(level))) / 255;
}

/** Luma − 128, and the two chromas, with the edge pixels repeated up to whole blocks. */
function planesOf(
  values: Float32Array,
  { width, height, left, top }: { width: number; height: number; left: number; top: number },
  padded: (size: number) => number,
): Plane[] {
  const [across, down] = [padded(width + left), padded(height + top)];
  const planes = [0, 1, 2].map(() => new Float32Array(across * down));
  const size = width * height;
  for (let y = 0; y < down; y++) {
    const row = Math.min(height - 1, Math.max(0, y - top)) * width;
    for (let x = 0; x < across; x++) {
      const from = row + Math.min(width - 1, Math.max(0, x - left));
      const [r, g, b] = [0, 1, 2].map((c) => 255 * (values[c * size + from] as number)) as [
        number,
        number,
        number,
      ];
      const to = y * across + x;
      (planes[0] as Float32Array)[to] = Math.round(0.299 * r + 0.587 * g + 0.114 * b) - 128;
      (planes[1] as Float32Array)[to] = Math.round(-0.168736 * r - 0.331264 * g + 0.5 * b);
      (planes[2] as Float32Array)[to] = Math.round(0.5 * r - 0.418688 * g - 0.081312 * b);
    }
  }
  return planes.map((plane) => ({ width: across, height: down, values: plane }));
}

/** The steps of a quality, as libjpeg scales them. */
function scaled(steps: readonly number[], quality: number): number[] {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  return steps.map((step) => Math.min(255, Math.max(1, Math.floor((step * percent + 50) / 100))));
}

/** cosines[u·8 + x]: the orthonormal transform of eight samples. */
const cosines = Float64Array.from({ length: block * block }, (_, i) => {
  const [u, x] = [Math.floor(i / block), i % block];
  return Math.sqrt((u === 0 ? 1 : 2) / block) * Math.cos(((2 * x + 1) * u * Math.PI) / (2 * block));
});

/** Rounds the cosines of each block to multiples of their steps, and back to whole samples, in place. */
function quantise({ width, height, values }: Plane, steps: readonly number[]): void {
  const samples = new Float64Array(block * block);
  const halfway = new Float64Array(block * block);
  for (let top = 0; top < height; top += block) {
    for (let left = 0; left < width; left += block) {
      const at = (i: number) => (top + (i >> 3)) * width + left + (i & 7);
      for (let i = 0; i < samples.length; i++) samples[i] = values[at(i)] as number;
      // C·X·Cᵀ, and after rounding Cᵀ·Y·C.
      transform(samples, halfway, (u, x) => u * block + x);
      transform(halfway, samples, (u, x) => u * block + x);
      for (const [i, step] of steps.entries())
        samples[i] = Math.round((samples[i] as number) / step) * step;
      transform(samples, halfway, (x, u) => u * block + x);
      transform(halfway, samples, (x, u) => u * block + x);
      for (let i = 0; i < samples.length; i++)
        values[at(i)] = Math.min(127, Math.max(-128, Math.round(samples[i] as number)));
    }
  }
}

/** to = (M · from)ᵀ, where M[i, j] is the cosine at `place(i, j)`. */
function transform(
  from: Float64Array,
  to: Float64Array,
  place: (i: number, j: number) => number,
): void {
  for (let i = 0; i < block; i++) {
    for (let column = 0; column < block; column++) {
      let sum = 0;
      for (let j = 0; j < block; j++)
        sum += (cosines[place(i, j)] as number) * (from[j * block + column] as number);
      to[column * block + i] = sum;
    }
  }
}

/** Means of 2×2 samples; halves are rounded down and up in turn, as libjpeg does. */
function halved({ width, height, values }: Plane): Plane {
  const [across, down] = [width / 2, height / 2];
  const half = Float32Array.from({ length: across * down }, (_, i) => {
    const from = 2 * Math.floor(i / across) * width + 2 * (i % across);
    const sum = [0, 1, width, width + 1].reduce((all, d) => all + (values[from + d] as number), 0);
    return Math.floor((sum + 1 + (i % 2)) / 4);
  });
  return { width: across, height: down, values: half };
}

/** Twice the size: ¾ of the nearest sample and ¼ of the next, along each axis, as libjpeg does by default. */
function doubled({ width, height, values }: Plane): Plane {
  const [across, down] = [2 * width, 2 * height];
  const next = (i: number, size: number) =>
    Math.min(size - 1, Math.max(0, (i >> 1) + (i % 2 === 0 ? -1 : 1)));
  const double = new Float32Array(across * down);
  for (let y = 0; y < down; y++) {
    const [near, far] = [(y >> 1) * width, next(y, height) * width];
    for (let x = 0; x < across; x++) {
      const [nearX, farX] = [x >> 1, next(x, width)];
      const column = (place: number) =>
        0.75 * (values[near + place] as number) + 0.25 * (values[far + place] as number);
      double[y * across + x] = 0.75 * column(nearX) + 0.25 * column(farX);
    }
  }
  return { width: across, height: down, values: double };
}
