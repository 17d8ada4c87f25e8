/** Relates the pixels of a batch of images to the cells of its kernel field. */
import type * as tf from "@tensorflow/tfjs-core";
import { type Border, places } from "../blur/planar-image.ts";

type Shape4 = tf.Tensor4D["shape"];

/** Sizes of images and their kernel field, and the source of each padded row and column. */
export interface ReblurGeometry {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Side of a kernel. */
  readonly side: number;
  /** Pixels per side that share a kernel. */
  readonly stride: number;
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

/** @throws RangeError if the kernels do not fit the images */
export function geometryOf(image: Shape4, kernels: Shape4, border: Border): ReblurGeometry {
  const [images, height, width, channels] = image;
  const side = Math.sqrt(kernels[3]);
  const stride = height / kernels[1];
  const fits = kernels[0] === images && width === kernels[2] * stride;
  if (!fits || !Number.isInteger(stride) || side % 2 !== 1) {
    throw new RangeError(`expected kernels for ${image} but received ${kernels}`);
  }
  const lines = (size: number) => places(size, (side - 1) / 2, border);
  const [rows, columns] = [lines(height), lines(width)];
  return { images, height, width, channels, side, stride, rows, columns };
}
