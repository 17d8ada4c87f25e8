/**
 * Defines the windowed DFT of the spectral nets as products with small matrices, which every engine computes fast.
 *
 * Windows of 64×64 pixels lie every 16 pixels, around the centres of the kernel field's cells. A spectrum is a map
 * with one channel per frequency: channel r · columns.length + c has vertical frequency rows[r] and horizontal
 * frequency columns[c], in cycles per window. Images are real, so vertical frequencies below 0 are left out.
 */
import type { Band, ComplexPart, Lags } from "./graph.ts";

/** Side of a window in pixels, and the number N of its frequencies along an axis. */
export const windowSide = 64;
/** Pixels between windows: the stride of the kernel field. */
export const windowStride = 16 as const;
/** Pixels by which a window exceeds its cell on each side. */
export const windowMargin: number = (windowSide - windowStride) / 2;
/** Side of a window's middle, which `filter-windows` keeps: two strides, cross-faded with those of its neighbours. */
export const middleSide: number = 2 * windowStride;
/** Pixels by which a middle exceeds its cell on each side. */
export const middleMargin: number = (middleSide - windowStride) / 2;

/** Vertical and horizontal coordinates of a map's channels. */
export interface Coordinates {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);

const bands: Readonly<Record<Band, Coordinates>> = {
  full: { rows: range(0, windowSide / 2), columns: [...range(0, 31), ...range(-32, -1)] },
  low: { rows: range(0, windowSide / 4), columns: [...range(0, 16), ...range(-16, -1)] },
};

/** The frequencies of a band, in cycles per window. */
export const frequencies = (band: Band): Coordinates => bands[band];

const correlations: Readonly<Record<Lags, Coordinates>> = {
  even: { rows: range(0, 18), columns: range(-18, 18) },
  odd: { rows: range(0, 18, 2), columns: range(-18, 18, 2) },
};

/** The shifts of a correlation, in pixels. Those of the other half plane are equal, or opposite if odd. */
export const shifts = (lags: Lags): Coordinates => correlations[lags];

/** A matrix by rows. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array<ArrayBuffer>;
}

function matrix(
  rows: number,
  columns: number,
  at: (row: number, column: number) => number,
): Matrix {
  const values = Float32Array.from({ length: rows * columns }, (_, i) =>
    at(Math.floor(i / columns), i % columns),
  );
  return { rows, columns, values };
}

const angle = (frequency: number, place: number): number =>
  (2 * Math.PI * frequency * place) / windowSide;
const cos = (frequency: number, place: number): number => Math.cos(angle(frequency, place));
const sin = (frequency: number, place: number): number => Math.sin(angle(frequency, place));

/** Weights of a window's pixels along one axis. */
export type Taper = (place: number) => number;

const hann: Taper = (i) => (1 - Math.cos((2 * Math.PI * i) / windowSide)) / 2;
const hannEnergy = range(0, windowSide - 1).reduce((sum, i) => sum + hann(i) ** 2, 0);

/** Hann, scaled so that white noise of variance v has power v at every frequency. */
export const spectralTaper: Taper = (i) => hann(i) / Math.sqrt(hannEnergy);

/** 1 in the middle, a raised cosine of 16 pixels on each side. */
export const flatTaper: Taper = (i) => {
  const inside = Math.min(i, windowSide - 1 - i) + 0.5;
  return inside >= windowStride ? 1 : (1 - Math.cos((Math.PI * inside) / windowStride)) / 2;
};

/** Weights of a middle's pixels; those of overlapping middles sum to 1. */
const fade: Taper = (i) => (1 - Math.cos((2 * Math.PI * (i + 0.5)) / middleSide)) / 2;

/**
 * The real DFT of a tapered column of a window: [2 · rows, 64]; row 2r is the real part of the r-th vertical
 * frequency, row 2r + 1 its imaginary part.
 */
export const columnDft = (band: Band, taper: Taper): Matrix => {
  const { rows } = frequencies(band);
  return matrix(2 * rows.length, windowSide, (i, place) => {
    const f = rows[i >> 1] as number;
    return taper(place) * (i % 2 === 0 ? cos(f, place) : -sin(f, place));
  });
};

/**
 * One part of the complex DFT along the rows of a window: [columns, 2 · 64]; column p of a part's half reads the
 * part (real first, then imaginary) of `columnDft` at pixel p.
 */
export const rowDft = (band: Band, taper: Taper, part: ComplexPart): Matrix => {
  const { columns } = frequencies(band);
  return matrix(columns.length, 2 * windowSide, (i, at) => {
    const f = columns[i] as number;
    const place = at % windowSide;
    const ofReal = at < windowSide;
    const [real, imaginary] =
      part === "re" ? [cos, sin] : [(a: number, b: number) => -sin(a, b), cos];
    return taper(place) * (ofReal ? real(f, place) : imaginary(f, place));
  });
};

/** The DFT of the taper itself divided by its sum: the spectrum of a window's mean. */
export const meanSpectrum = (
  band: Band,
  taper: Taper,
  part: ComplexPart,
): Float32Array<ArrayBuffer> => {
  const { rows, columns } = frequencies(band);
  const sum = range(0, windowSide - 1).reduce((total, i) => total + taper(i), 0);
  const along = (f: number): [number, number] => [
    range(0, windowSide - 1).reduce((total, i) => total + taper(i) * cos(f, i), 0) / sum,
    -range(0, windowSide - 1).reduce((total, i) => total + taper(i) * sin(f, i), 0) / sum,
  ];
  const [down, across] = [rows.map(along), columns.map(along)];
  return Float32Array.from({ length: rows.length * columns.length }, (_, i) => {
    const [a = 0, b = 0] = down[Math.floor(i / columns.length)] ?? [];
    const [c = 0, d = 0] = across[i % columns.length] ?? [];
    return part === "re" ? a * c - b * d : a * d + b * c;
  });
};

/**
 * The inverse along the rows of a window, of its middle only and faded: [2 · 32, columns] for one part of the
 * spectrum. The first half of the rows gives the real part at the middle's pixels, the second the imaginary part.
 */
export const inverseRows = (band: Band, part: ComplexPart): Matrix => {
  const { columns } = frequencies(band);
  return matrix(2 * middleSide, columns.length, (i, j) => {
    const f = columns[j] as number;
    const pixel = i % middleSide;
    const place = pixel + (windowSide - middleSide) / 2;
    const toReal = i < middleSide;
    const value =
      part === "re" ? (toReal ? cos : sin)(f, place) : toReal ? -sin(f, place) : cos(f, place);
    return (fade(pixel) * value) / windowSide;
  });
};

/** The inverse along the columns of a window, its middle only and faded: [32, 2 · rows], real and imaginary part. */
export const inverseColumns = (band: Band): Matrix => {
  const { rows } = frequencies(band);
  return matrix(middleSide, 2 * rows.length, (pixel, j) => {
    const f = rows[j >> 1] as number;
    const place = pixel + (windowSide - middleSide) / 2;
    const value = j % 2 === 0 ? cos(f, place) : -sin(f, place);
    return (fade(pixel) * twice(f) * value) / windowSide;
  });
};

/** Frequencies other than 0 and N/2 stand for their negative as well. */
const twice = (frequency: number): number => (frequency % (windowSide / 2) === 0 ? 1 : 2);

/** From frequencies to shifts along the rows: [2 · shifts, columns], cosines then sines. */
export const lagsAlongRows = (band: Band, lags: Lags): Matrix => {
  const [{ columns }, { columns: to }] = [frequencies(band), shifts(lags)];
  return matrix(2 * to.length, columns.length, (i, j) =>
    (i < to.length ? cos : sin)(columns[j] as number, to[i % to.length] as number),
  );
};

/** From the two results of `lagsAlongRows` at each vertical frequency to shifts along the columns: [shifts, 2 · rows]. */
export const lagsAlongColumns = (band: Band, lags: Lags): Matrix => {
  const [{ rows }, { rows: to }] = [frequencies(band), shifts(lags)];
  return matrix(to.length, 2 * rows.length, (i, j) => {
    const [f, shift] = [rows[j >> 1] as number, to[i] as number];
    const ofCosines = j % 2 === 0;
    const weight = twice(f) / windowSide ** 2;
    if (lags === "even") return weight * (ofCosines ? cos(f, shift) : -sin(f, shift));
    return -weight * (ofCosines ? sin(f, shift) : cos(f, shift));
  });
};

/** The DFT along the rows of a kernel, its centre at 0: [2 · columns, side], real parts then imaginary ones. */
export const kernelRows = (band: Band, side: number): Matrix => {
  const { columns } = frequencies(band);
  return matrix(2 * columns.length, side, (i, at) => {
    const [f, place] = [columns[i % columns.length] as number, at - (side - 1) / 2];
    return i < columns.length ? cos(f, place) : -sin(f, place);
  });
};

/** One part of the DFT along its columns: [rows, 2 · side]; a tap's real part, then its imaginary part. */
export const kernelColumns = (band: Band, side: number, part: ComplexPart): Matrix => {
  const { rows } = frequencies(band);
  return matrix(rows.length, 2 * side, (i, j) => {
    const [f, place] = [rows[i] as number, (j >> 1) - (side - 1) / 2];
    const ofReal = j % 2 === 0;
    if (part === "re") return ofReal ? cos(f, place) : sin(f, place);
    return ofReal ? -sin(f, place) : cos(f, place);
  });
};
