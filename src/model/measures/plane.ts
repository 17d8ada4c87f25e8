/** Defines the images that are aligned and compared, and the map between two of them. */

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
