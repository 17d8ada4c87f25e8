/** What training consumes: a sharp picture and what blur made of it. */

/** A square patch; all values 0..1. */
export interface TrainingPair {
  readonly size: number;
  /** [3, size, size] planar. */
  readonly sharp: Float32Array<ArrayBuffer>;
  /** [3, size, size] planar. */
  readonly blurry: Float32Array<ArrayBuffer>;
  /** [k², size, size], where asked for and known: the blur of real pairs is not. */
  readonly kernels: Float32Array<ArrayBuffer> | undefined;
}
