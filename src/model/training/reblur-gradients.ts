/** Blurs images by kernel fields, with gradients by the kernels or by the image. */

import * as tf from "@tensorflow/tfjs-core";
import type { Border } from "../blur/planar-image.ts";
import { onHost } from "../tfjs/host-operation.ts";
import { geometryOf, type ReblurGeometry } from "./reblur-geometry.ts";
import {
  correlateOnDevice,
  gradientByImageOnDevice,
  gradientByKernelsOnDevice,
} from "./reblur-on-device.ts";

/**
 * image ⊗ kernels of the paper (eq. 4 and 8), differentiable by the kernels only: out(p) = Σ_d K_p(d)·x(p + d), a
 * cross-correlation with the same kernel for all channels. Every pixel has its own kernel, so no convolution of the
 * backend applies. Loops over plain numbers take a quarter of the time of depthwise convolutions, but need
 * synchronous reads. WebGPU has none; it uses tensor operations.
 * @param image [n, h, w, c]
 * @param kernels [n, h/s, w/s, k²], k odd; tap (row, column) is channel row·k + column
 * @returns [n, h, w, c]
 */
export function reblurByKernels(
  image: tf.Tensor4D,
  kernels: tf.Tensor4D,
  border: Border,
): tf.Tensor4D {
  const geometry = geometryOf(image.shape, kernels.shape, border);
  if (!isReadAtOnce()) {
    return withGradient(
      kernels,
      (field) => correlateOnDevice(image, field, geometry),
      (gradient) => gradientByKernelsOnDevice(image, gradient, geometry),
    );
  }
  const { shape } = image;
  return withGradient(
    kernels,
    (field) => onHost([image, field], (x, k) => correlate(pad(x, geometry), k, geometry), shape),
    (dy) =>
      onHost(
        [image, dy],
        (x, gradient) => gradientByKernels(pad(x, geometry), gradient, geometry),
        kernels.shape,
      ),
  );
}

/** As `reblurByKernels`, but differentiable by the image only. */
export function reblurByImage(
  image: tf.Tensor4D,
  kernels: tf.Tensor4D,
  border: Border,
): tf.Tensor4D {
  const geometry = geometryOf(image.shape, kernels.shape, border);
  if (!isReadAtOnce()) {
    return withGradient(
      image,
      (x) => correlateOnDevice(x, kernels, geometry),
      (gradient) => gradientByImageOnDevice(kernels, gradient, geometry),
    );
  }
  const { shape } = image;
  return withGradient(
    image,
    (x) =>
      onHost([x, kernels], (from, field) => correlate(pad(from, geometry), field, geometry), shape),
    (dy) => onHost([kernels, dy], (field, by) => gradientByImage(field, by, geometry), shape),
  );
}

type Numbers = Float32Array<ArrayBuffer>;
type OnMaps = (x: tf.Tensor4D) => tf.Tensor4D;

const isReadAtOnce = (): boolean => tf.getBackend() !== "webgpu";

/** A custom operation: `value` of x, and `gradientOf` the gradient by the result. */
function withGradient(x: tf.Tensor4D, value: OnMaps, gradientOf: OnMaps): tf.Tensor4D {
  const operation = tf.customGrad((...given) => ({
    value: value(given[0] as tf.Tensor4D),
    gradFunc: (gradient: tf.Tensor) => gradientOf(gradient as tf.Tensor4D),
  }));
  return operation(x) as tf.Tensor4D;
}

function pad(values: Float32Array, geometry: ReblurGeometry): Numbers {
  const { images, height, width, channels, rows, columns } = geometry;
  const padded = new Float32Array(images * rows.length * columns.length * channels);
  let to = 0;
  for (let n = 0; n < images; n++) {
    for (const row of rows) {
      for (const column of columns) {
        const from = ((n * height + row) * width + column) * channels;
        for (let c = 0; c < channels; c++) padded[to++] = values[from + c] as number;
      }
    }
  }
  return padded;
}

/**
 * Calls `at` for each pixel with its index in the image, that of its kernel, and that of its window in the padded
 * image.
 */
function eachPixel(
  { images, height, width, channels, side, stride, rows, columns }: ReblurGeometry,
  at: (pixel: number, kernel: number, window: number) => void,
): void {
  const [down, across] = [height / stride, width / stride];
  for (let n = 0; n < images; n++) {
    for (let y = 0; y < height; y++) {
      const cells = (n * down + Math.floor(y / stride)) * across;
      for (let x = 0; x < width; x++) {
        const pixel = ((n * height + y) * width + x) * channels;
        const window = ((n * rows.length + y) * columns.length + x) * channels;
        at(pixel, (cells + Math.floor(x / stride)) * side * side, window);
      }
    }
  }
}

function correlate(padded: Float32Array, field: Float32Array, geometry: ReblurGeometry): Numbers {
  const { images, height, width, channels, side, columns } = geometry;
  const out = new Float32Array(images * height * width * channels);
  const line = columns.length * channels;
  eachPixel(geometry, (pixel, kernel, window) => {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let row = 0; row < side; row++) {
        let from = window + row * line + c;
        const tap = kernel + row * side;
        for (let column = 0; column < side; column++) {
          sum += (field[tap + column] as number) * (padded[from] as number);
          from += channels;
        }
      }
      out[pixel + c] = sum;
    }
  });
  return out;
}

function gradientByKernels(
  padded: Float32Array,
  gradient: Float32Array,
  geometry: ReblurGeometry,
): Numbers {
  const { images, height, width, channels, side, stride, columns } = geometry;
  const gradients = new Float32Array((images * height * width * side * side) / (stride * stride));
  const line = columns.length * channels;
  eachPixel(geometry, (pixel, kernel, window) => {
    for (let c = 0; c < channels; c++) {
      const dy = gradient[pixel + c] as number;
      if (dy === 0) continue;
      for (let row = 0; row < side; row++) {
        let from = window + row * line + c;
        const tap = kernel + row * side;
        for (let column = 0; column < side; column++) {
          (gradients[tap + column] as number) += dy * (padded[from] as number);
          from += channels;
        }
      }
    }
  });
  return gradients;
}

function gradientByImage(
  field: Float32Array,
  gradient: Float32Array,
  geometry: ReblurGeometry,
): Numbers {
  const { images, height, width, channels, side, rows, columns } = geometry;
  const padded = new Float32Array(images * rows.length * columns.length * channels);
  const line = columns.length * channels;
  eachPixel(geometry, (pixel, kernel, window) => {
    for (let c = 0; c < channels; c++) {
      const dy = gradient[pixel + c] as number;
      if (dy === 0) continue;
      for (let row = 0; row < side; row++) {
        let to = window + row * line + c;
        const tap = kernel + row * side;
        for (let column = 0; column < side; column++) {
          (padded[to] as number) += dy * (field[tap + column] as number);
          to += channels;
        }
      }
    }
  });
  // The gradient of a padded pixel is added to the pixel it repeats.
  const gradients = new Float32Array(images * height * width * channels);
  let from = 0;
  for (let n = 0; n < images; n++) {
    for (const row of rows) {
      for (const column of columns) {
        const to = ((n * height + row) * width + column) * channels;
        for (let c = 0; c < channels; c++) {
          (gradients[to + c] as number) += padded[from++] as number;
        }
      }
    }
  }
  return gradients;
}
