/** Defines the types of grey and colour images that the measures read, and of a homography between two images. */

/** Nine numbers, row by row, the last 1: maps (x, y, 1) of the template to a position in the input. */
export type Homography = Float64Array<ArrayBuffer>;

export interface GreyPlane {
  readonly width: number;
  readonly height: number;
  /** [height, width] */
  readonly values: Float32Array;
}

export interface InterleavedImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [height, width, channels] */
  readonly values: Float32Array<ArrayBuffer>;
}
