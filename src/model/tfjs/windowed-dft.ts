/** Computes windowed DFTs, their inverse and spectra of kernels on NHWC tensors, as products with constant matrices. */
import * as tf from "@tensorflow/tfjs-core";
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

type Map4 = tf.Tensor4D;

/** [n, h, w, 1] → [n, h/16, w/16, frequencies]; outside the image are zeros. */
export function computeWindowedDft(x: Map4, band: Band, part: ComplexPart): Map4 {
  const margins: [number, number] = [windowMargin, windowMargin];
  const padded = tf.pad(x, [[0, 0], margins, margins, [0, 0]]);
  return rowsOfWindows(columnsOfWindows(padded, band, spectralTaper), band, spectralTaper, part);
}

/** [n, h, w, 1], padded → [n, windows down, w, 2 · rows]. */
function columnsOfWindows(x: Map4, band: Band, taper: Taper): Map4 {
  const { rows, values } = columnDft(band, taper);
  const kernel = tf.transpose(tf.tensor2d(values, [rows, windowSide]));
  const filter = tf.reshape(kernel, [windowSide, 1, 1, rows]) as Map4;
  return tf.fused.conv2d({ x, filter, strides: [windowStride, 1], pad: "valid" });
}

/** [n, windows down, w, 2 · rows] → [n, windows down, windows across, frequencies]. */
function rowsOfWindows(x: Map4, band: Band, taper: Taper, part: ComplexPart): Map4 {
  const [n, down, width, channels] = x.shape;
  const { values, rows: columns } = rowDft(band, taper, part);
  // Each vertical frequency, a pair of channels, is one map of a batch.
  const pairs = tf.transpose(tf.reshape(x, [n * down, width, channels / 2, 2]), [2, 0, 1, 3]);
  const weights = tf.reshape(tf.tensor1d(values), [columns, 2, windowSide]);
  const filter = tf.reshape(tf.transpose(weights, [2, 1, 0]), [1, windowSide, 2, columns]);
  const maps = tf.reshape(pairs, [channels / 2, n * down, width, 2]) as Map4;
  const spectra = tf.fused.conv2d({
    x: maps,
    filter: filter as Map4,
    strides: [1, windowStride],
    pad: "valid",
  });
  const across = spectra.shape[2];
  return tf.reshape(tf.transpose(spectra, [1, 2, 0, 3]), [
    n,
    down,
    across,
    (channels / 2) * columns,
  ]);
}

/** [n, h, w, frequencies] → [n, h, w, shifts]. */
export function computeLags(x: Map4, band: Band, lags: Lags): Map4 {
  const [n, h, w] = x.shape;
  const { rows, columns } = frequencies(band);
  const along = lagsAlongRows(band, lags);
  const cells = tf.reshape(x, [n * h * w * rows.length, columns.length]);
  const partial = tf.matMul(cells, constant(along), false, true); //       [.. · rows, 2 · shifts]
  const pairs = tf.reshape(partial, [n * h * w, 2 * rows.length, along.rows / 2]);
  const correlation = tf.matMul(batched(lagsAlongColumns(band, lags)), pairs);
  const to = shifts(lags);
  return tf.reshape(correlation, [n, h, w, to.rows.length * to.columns.length]);
}

/** [n, h, w, k²] → [n, h, w, frequencies]. */
export function computeKernelDft(x: Map4, band: Band, part: ComplexPart): Map4 {
  const [n, h, w, taps] = x.shape;
  const side = Math.sqrt(taps);
  const { rows, columns } = frequencies(band);
  const lines = tf.reshape(x, [n * h * w * side, side]);
  const partial = tf.matMul(lines, constant(kernelRows(band, side)), false, true);
  const pairs = tf.reshape(partial, [n * h * w, 2 * side, columns.length]);
  const spectrum = tf.matMul(batched(kernelColumns(band, side, part)), pairs);
  return tf.reshape(spectrum, [n, h, w, rows.length * columns.length]);
}

/** Image [n, h, w, c] and a filter per window, [n, h/16, w/16, frequencies] each → change of the image. */
export function computeFilterWindows(image: Map4, re: Map4, im: Map4, band: Band): Map4 {
  const [n, h, w, c] = image.shape;
  const padded = tf.tidy(() => replicate(replicate(image, 1), 2));
  const size: [number, number, number, number] = [n, h + 2 * windowMargin, w + 2 * windowMargin, 1];
  const channels = Array.from({ length: c }, (_, channel) =>
    tf.tidy(() => {
      const x = tf.slice(padded, [0, 0, 0, channel], size) as Map4;
      const columns = columnsOfWindows(x, band, flatTaper);
      const whole = (part: ComplexPart) => rowsOfWindows(columns, band, flatTaper, part);
      const [wholeRe, wholeIm] = [whole("re"), whole("im")];
      const [down, across] = [wholeRe.shape[1], wholeRe.shape[2]];
      const mean = tf.slice(wholeRe, [0, 0, 0, 0], [n, down, across, 1]);
      const centred = (y: Map4, part: ComplexPart): Map4 =>
        tf.sub(y, tf.mul(mean, tf.tensor1d(meanSpectrum(band, flatTaper, part))));
      const [yRe, yIm] = [centred(wholeRe, "re"), centred(wholeIm, "im")];
      const product: [Map4, Map4] = [
        tf.sub(tf.mul(yRe, re), tf.mul(yIm, im)),
        tf.add(tf.mul(yRe, im), tf.mul(yIm, re)),
      ];
      return overlapAdd(product, band);
    }),
  );
  return tf.concat(channels, 3);
}

/** The faded middles of windows with this spectrum, added up: [n, h/16, w/16, frequencies] → [n, h, w, 1]. */
function overlapAdd([re, im]: [Map4, Map4], band: Band): Map4 {
  const [n, down, across] = re.shape;
  const { rows, columns } = frequencies(band);
  const lines = (x: Map4, part: ComplexPart) =>
    tf.matMul(
      tf.reshape(x, [n * down * across * rows.length, columns.length]),
      constant(inverseRows(band, part)),
      false,
      true,
    );
  const partial = tf.add(lines(re, "re"), lines(im, "im")); //             [.. · rows, 2 · 32]
  const pairs = tf.reshape(partial, [n * down * across, 2 * rows.length, middleSide]);
  const middles = tf.matMul(batched(inverseColumns(band)), pairs); //      [.., 32, 32]
  const cells = n * down * across;
  const shifted = [0, 1].flatMap((y) =>
    [0, 1].map((x) => {
      const from = [0, y * windowStride, x * windowStride];
      const quarter = tf.slice(middles, from, [cells, windowStride, windowStride]);
      const lined = tf.reshape(quarter, [n * down, across, windowStride, windowStride]);
      const image = tf.reshape(tf.transpose(lined, [0, 2, 1, 3]), [
        n,
        down * windowStride,
        across * windowStride,
        1,
      ]);
      const place = (at: number): [number, number] => [at * windowStride, (1 - at) * windowStride];
      return tf.pad(image, [[0, 0], place(y), place(x), [0, 0]]) as Map4;
    }),
  );
  const size: [number, number, number, number] = [n, down * windowStride, across * windowStride, 1];
  return tf.slice(
    shifted.reduce((sum, one) => tf.add(sum, one)),
    [0, middleMargin, middleMargin, 0],
    size,
  ) as Map4;
}

/** Repeats the first and last row (axis 1) or column (axis 2) over a window's margin. */
function replicate(x: Map4, axis: 1 | 2): Map4 {
  const length = x.shape[axis];
  const nearest = Int32Array.from({ length: length + 2 * windowMargin }, (_, i) =>
    Math.min(length - 1, Math.max(0, i - windowMargin)),
  );
  return tf.gather(x, tf.tensor1d(nearest, "int32"), axis);
}

const constant = ({ rows, columns, values }: Matrix): tf.Tensor2D =>
  tf.tensor2d(values, [rows, columns]);
/** As one matrix of a batch, which tf.matMul repeats. */
const batched = ({ rows, columns, values }: Matrix): tf.Tensor3D =>
  tf.tensor3d(values, [1, rows, columns]);
