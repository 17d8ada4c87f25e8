/**
 * Computes ⊗ and its gradients as tensor operations, for a backend without synchronous reads (WebGPU). Only the
 * windows of one row of taps exist at a time. Planes are [n, c, h, w]; tap row r of the field is [n, 1, h·w, k],
 * and the pixels' windows of that row are [n, c, h·w, k].
 */
import * as tf from "@tensorflow/tfjs-core";
import type { ReblurGeometry } from "./reblur-geometry.ts";

type Map4 = tf.Tensor4D;

/** x [n, h, w, c] ⊗ field [n, h/s, w/s, k²] → [n, h, w, c]. */
export function correlateOnDevice(x: Map4, field: Map4, geometry: ReblurGeometry): Map4 {
  const padded = pad(planesOf(x), geometry);
  const planes = sumOfRows(geometry, (row) =>
    tf.sum(tf.mul(windows(padded, row, geometry), tapsOf(field, row, geometry)), 3),
  );
  return mapOf(planes, geometry);
}

/** The gradient of ⊗ by the field; `gradient` is by the result. */
export function gradientByKernelsOnDevice(x: Map4, gradient: Map4, geometry: ReblurGeometry): Map4 {
  const { images, height, width, side, stride } = geometry;
  const padded = pad(planesOf(x), geometry);
  const dy = cells(planesOf(gradient), geometry);
  const rows = Array.from({ length: side }, (_, row) =>
    tf.tidy((): Map4 => {
      const pixels = tf.sum(tf.mul(windows(padded, row, geometry), dy), 1);
      const [down, across] = [height / stride, width / stride];
      const lines = tf.sum(tf.reshape(pixels, [images * down, stride, width * side]), 1);
      const shared = tf.sum(tf.reshape(lines, [images * down * across, stride, side]), 1);
      return tf.reshape(shared, [images, down, across, side]);
    }),
  );
  return tf.concat(rows, 3);
}

/** The gradient of ⊗ by x. */
export function gradientByImageOnDevice(
  field: Map4,
  gradient: Map4,
  geometry: ReblurGeometry,
): Map4 {
  const { images, channels, height, width, side, rows, columns } = geometry;
  const dy = cells(planesOf(gradient), geometry);
  const planes = images * channels;
  const padded = sumOfRows(geometry, (row) => {
    const spread: Map4 = tf.reshape(tf.mul(dy, tapsOf(field, row, geometry)), [
      ...([planes, height, width, side] as const),
    ]);
    const shape: Map4["shape"] = [planes, height, columns.length, 1];
    const lines = tf.conv2dTranspose(spread, oneTapEach(side), shape, 1, "valid");
    const below = rows.length - height - row;
    return tf.pad(tf.reshape(lines, [planes, height, columns.length]), [none, [row, below], none]);
  });
  // The gradient of a padded pixel is added to the pixel it repeats.
  const down = tf.matMul(chosen(rows, height), padded as tf.Tensor3D, true);
  return mapOf(tf.matMul(down, chosen(columns, width)), geometry);
}

const none: [number, number] = [0, 0];

/** The sum over all rows of taps. */
function sumOfRows({ side }: ReblurGeometry, of: (row: number) => tf.Tensor): tf.Tensor {
  let sum = tf.tidy(() => of(0));
  for (let row = 1; row < side; row++) {
    const before = sum;
    sum = tf.tidy(() => tf.add(before, of(row)));
    before.dispose();
  }
  return sum;
}

function planesOf(x: Map4): Map4 {
  return tf.transpose(x, [0, 3, 1, 2]);
}

/** Planes in any shape → [n, h, w, c]. */
function mapOf(planes: tf.Tensor, { images, channels, height, width }: ReblurGeometry): Map4 {
  return tf.transpose(tf.reshape(planes, [images, channels, height, width]), [0, 2, 3, 1]);
}

/** [n, c, h, w] → [n, c, h·w, 1]. */
function cells(planes: Map4, { images, channels, height, width }: ReblurGeometry): Map4 {
  return tf.reshape(planes, [images, channels, height * width, 1]);
}

/**
 * [n, c, h, w] → [n·c, h + k − 1, w + k − 1, 1]. Lines are selected by products with one-hot matrices, which is
 * exact.
 */
function pad(
  planes: Map4,
  { images, channels, height, width, rows, columns }: ReblurGeometry,
): Map4 {
  const each: tf.Tensor3D = tf.reshape(planes, [images * channels, height, width]);
  const down = tf.matMul(chosen(rows, height), each);
  const padded = tf.matMul(down, chosen(columns, width), false, true);
  return tf.reshape(padded, [images * channels, rows.length, columns.length, 1]);
}

/** One-hot rows [1, lines, size] that select the source of each line. */
function chosen(lines: Int32Array, size: number): tf.Tensor3D {
  const ones = new Float32Array(lines.length * size);
  for (const [line, from] of lines.entries()) ones[line * size + from] = 1;
  return tf.tensor3d(ones, [1, lines.length, size]);
}

/** [1, k, 1, k]: a convolution with it moves a window's line into channels. */
function oneTapEach(side: number): Map4 {
  return tf.reshape(tf.eye(side), [1, side, 1, side]);
}

function windows(padded: Map4, row: number, geometry: ReblurGeometry): Map4 {
  const { images, channels, height, width, side, columns } = geometry;
  const lines = tf.slice(padded, [0, row, 0, 0], [-1, height, columns.length, 1]);
  const laidOut = tf.conv2d(lines, oneTapEach(side), 1, "valid");
  return tf.reshape(laidOut, [images, channels, height * width, side]);
}

function tapsOf(field: Map4, row: number, { images, height, width, side }: ReblurGeometry): Map4 {
  const shared = tf.slice(field, [0, 0, 0, row * side], [-1, -1, -1, side]);
  const own = tf.image.resizeNearestNeighbor(shared, [height, width]);
  return tf.reshape(own, [images, 1, height * width, side]);
}
