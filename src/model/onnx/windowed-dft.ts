/**
 * Writes windowed DFTs, their inverse and spectra of kernels as ONNX nodes: convs with constant weights over rows and
 * columns, and products with constant matrices. Vertical frequencies and colours are taken as batches, which only
 * changes the shape of a map, not the order of its values.
 */
import {
  columnDft,
  flatTaper,
  frequencies,
  inverseColumns,
  inverseRows,
  kernelColumns,
  kernelRows,
  lagsAlongColumns,
  lagsAlongRows,
  type Matrix,
  meanSpectrum,
  middleMargin,
  middleSide,
  rowDft,
  shifts,
  spectralTaper,
  type Taper,
  windowMargin,
  windowSide,
  windowStride,
} from "../graph/dft.ts";
import type { Band, ComplexPart, Lags } from "../graph/graph.ts";
import type { Emitter } from "./emitter.ts";

const countOf = ({ rows, columns }: ReturnType<typeof frequencies>): number =>
  rows.length * columns.length;

/** [1, 1, h, w] → [1, frequencies, h/16, w/16]; outside the image are zeros. */
export function emitWindowedDft(e: Emitter, x: string, band: Band, part: ComplexPart): string {
  const columns = e.once(`columns ${band} of ${x}`, () =>
    columnsOfWindows(e, padded(e, x, "constant"), band, "spectral", spectralTaper),
  );
  const spectra = rowsOfWindows(e, columns, band, "spectral", spectralTaper, part);
  return e.node("Reshape", [spectra, e.integers(1, countOf(frequencies(band)), 0, 0)]);
}

function padded(e: Emitter, x: string, mode: "constant" | "edge"): string {
  const pads = e.integers(0, 0, windowMargin, windowMargin, 0, 0, windowMargin, windowMargin);
  return e.once(`${mode} margins of ${x}`, () => e.node("Pad", [x, pads], { mode }));
}

/** [c, 1, h, w], padded → [c · rows, 2, windows down, w]. */
function columnsOfWindows(e: Emitter, x: string, band: Band, name: string, taper: Taper): string {
  const { rows, values } = columnDft(band, taper);
  const weights = e.constant(`${name} columns ${band}`, [rows, 1, windowSide, 1], values);
  const conv = e.node("Conv", [x, weights], {
    kernel_shape: [windowSide, 1],
    strides: [windowStride, 1],
  });
  return e.node("Reshape", [conv, e.integers(-1, 2, 0, 0)]);
}

/** [c · rows, 2, windows down, w] → [c · rows, columns, windows down, windows across]. */
function rowsOfWindows(
  e: Emitter,
  x: string,
  band: Band,
  name: string,
  taper: Taper,
  part: ComplexPart,
): string {
  const { rows, values } = rowDft(band, taper, part);
  const weights = e.constant(`${name} rows ${band} ${part}`, [rows, 2, 1, windowSide], values);
  return e.node("Conv", [x, weights], {
    kernel_shape: [1, windowSide],
    strides: [1, windowStride],
  });
}

/** [1, frequencies, h, w] → [1, shifts, h, w]. */
export function emitLags(e: Emitter, x: string, band: Band, lags: Lags): string {
  const { rows, columns } = frequencies(band);
  const across = shifts(lags).columns.length;
  const maps = e.node("Reshape", [x, e.integers(rows.length, columns.length, -1)]);
  const partial = e.node("MatMul", [
    matrix(e, `${lags} lags along rows ${band}`, lagsAlongRows(band, lags)),
    maps,
  ]); // [rows, 2 · shifts, cells]
  const pairs = e.node("Reshape", [partial, e.integers(2 * rows.length, -1)]);
  const correlation = e.node("MatMul", [
    matrix(e, `${lags} lags along columns ${band}`, lagsAlongColumns(band, lags)),
    pairs,
  ]);
  return reshapedLike(e, x, correlation, shifts(lags).rows.length * across);
}

/** [1, k², h, w] → [1, frequencies, h, w]. */
export function emitKernelDft(
  e: Emitter,
  x: string,
  side: number,
  band: Band,
  part: ComplexPart,
): string {
  const pairs = e.once(`rows ${band} of kernels ${x}`, () => {
    const lines = e.node("Reshape", [x, e.integers(side, side, -1)]);
    const rows = matrix(e, `kernel rows ${band} ${side}`, kernelRows(band, side));
    const partial = e.node("MatMul", [rows, lines]); // [side, 2 · columns, cells]
    return e.node("Reshape", [partial, e.integers(2 * side, -1)]);
  });
  const columns = matrix(
    e,
    `kernel columns ${band} ${side} ${part}`,
    kernelColumns(band, side, part),
  );
  const spectrum = e.node("MatMul", [columns, pairs]);
  return reshapedLike(e, x, spectrum, countOf(frequencies(band)));
}

/** Image [1, c, h, w] and a filter per window, [1, frequencies, h/16, w/16] each → change of the image. */
export function emitFilterWindows(
  e: Emitter,
  [image, re, im]: readonly [string, string, string],
  channels: number,
  band: Band,
): string {
  const count = countOf(frequencies(band));
  const { rows, columns } = frequencies(band);
  const colours = e.node("Reshape", [padded(e, image, "edge"), e.integers(-1, 1, 0, 0)]);
  const lines = columnsOfWindows(e, colours, band, "flat", flatTaper);
  const whole = (part: ComplexPart) =>
    e.node("Reshape", [
      rowsOfWindows(e, lines, band, "flat", flatTaper, part),
      e.integers(channels, count, 0, 0),
    ]);
  const [wholeRe, wholeIm] = [whole("re"), whole("im")];
  const [first, second] = [e.integers(0), e.integers(1)];
  const mean = e.node("Slice", [wholeRe, first, second, second]);
  const centred = (y: string, part: ComplexPart) => {
    const spectrum = meanSpectrum(band, flatTaper, part);
    const factor = e.constant(`mean ${band} ${part}`, [1, count, 1, 1], spectrum);
    return e.node("Sub", [y, e.node("Mul", [mean, factor])]);
  };
  const [yRe, yIm] = [centred(wholeRe, "re"), centred(wholeIm, "im")];
  const product = {
    re: e.node("Sub", [e.node("Mul", [yRe, re]), e.node("Mul", [yIm, im])]),
    im: e.node("Add", [e.node("Mul", [yRe, im]), e.node("Mul", [yIm, re])]),
  };
  const inverse = (part: ComplexPart) => {
    const spectra = e.node("Reshape", [product[part], e.integers(-1, columns.length, 0, 0)]);
    const { values } = transposed(inverseRows(band, part));
    const weights = e.constant(
      `inverse rows ${band} ${part}`,
      [columns.length, 2, 1, middleSide],
      values,
    );
    return e.node("ConvTranspose", [spectra, weights], {
      kernel_shape: [1, middleSide],
      strides: [1, windowStride],
      pads: [0, middleMargin, 0, middleMargin],
    });
  };
  const sum = e.node("Add", [inverse("re"), inverse("im")]); // [c · rows, 2, windows down, w]
  const pairs = e.node("Reshape", [sum, e.integers(channels, 2 * rows.length, 0, 0)]);
  const { values } = transposed(inverseColumns(band));
  const weights = e.constant(
    `inverse columns ${band}`,
    [2 * rows.length, 1, middleSide, 1],
    values,
  );
  const changed = e.node("ConvTranspose", [pairs, weights], {
    kernel_shape: [middleSide, 1],
    strides: [windowStride, 1],
    pads: [middleMargin, 0, middleMargin, 0],
  });
  return e.node("Reshape", [changed, e.integers(1, channels, 0, 0)]);
}

const matrix = (e: Emitter, key: string, { rows, columns, values }: Matrix): string =>
  e.constant(key, [rows, columns], values);

function transposed({ rows, columns, values }: Matrix): Matrix {
  const turned = Float32Array.from(
    values,
    (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number,
  );
  return { rows: columns, columns: rows, values: turned };
}

/** Rows of cells as [1, channels, h, w] with the height and width of `like`. */
function reshapedLike(e: Emitter, like: string, rows: string, channels: number): string {
  const size = e.once(`size of ${like}`, () =>
    e.node("Slice", [e.node("Shape", [like]), e.integers(2), e.integers(4)]),
  );
  const shape = e.once(`${channels} channels of size of ${like}`, () =>
    e.node("Concat", [e.integers(1, channels), size], { axis: 0 }),
  );
  return e.node("Reshape", [rows, shape]);
}
