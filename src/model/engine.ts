/**
 * Describes an engine, which computes the net: three calls a tile, in order. Tensors stay on the engine and are known
 * here by handles. A kernel field (361 values a pixel) therefore crosses threads only on request.
 */
import type { Lane } from "./lane.ts";

/** A tensor on the engine, float32. Whoever holds the handle releases it, once. */
export interface DeviceTensor {
  readonly id: number;
  /** [1, channels, height, width] */
  readonly shape: readonly [number, number, number, number];
}

/** KE-Net's answer: a latent code and its uncertainty for every cell of the kernel field. */
export interface Codes {
  /** Softmax code, [1, k², h/s, w/s], k kernel side, s kernel stride. */
  readonly code: DeviceTensor;
  /** σ in (0, 1), [1, 1, h/s, w/s]. */
  readonly sigma: DeviceTensor;
}

/** The motion kernels a net knows: one for every cell of a field over the image. */
export interface KernelField {
  /** Side k of a kernel; the field's tensors have k² channels, channel c at row c div k, column c mod k. */
  readonly size: number;
  /** Pixels a side of a cell. */
  readonly stride: number;
}

/** Where a tile begins in the whole image, in pixels. */
export interface Origin {
  readonly x: number;
  readonly y: number;
}

/** The restorer's answer for one tile. */
export interface Restoration {
  /** clamp(x + net, 0, 1) − x: [3, h, w] planar, in the unit of x (0..1). */
  readonly residual: Float32Array<ArrayBuffer>;
  /** Root mean square of the residual before clamping; NaN or ∞ where any value is not finite. */
  readonly rms: number;
}

/** Fixed for an engine's life and part of a run's identity. */
export interface EngineIdentity {
  readonly engine: string;
  readonly version: string;
  readonly precision: Precision;
  /** What it computes on, where that is not the processor: name and driver of an adapter. */
  readonly adapter?: string;
  readonly threads: number;
  readonly pooling: Pooling;
  /** Seed of the noise in the kernels' codes; none: their mean component alone is decoded. */
  readonly noise: number | undefined;
  /** SHA-256 of the weights file, hex; empty for `copy`. */
  readonly weights: string;
}

/** Of what is computed between operations; what goes in and comes out is float32. */
export type Precision = "float32" | "float16" | "int8";

/** What may be asked for: float32 is what the engine has of itself. */
export type EnginePrecision = Extract<Precision, "float32" | "int8">;

/** NAFNet's channel attention: pooled over the whole tile, or in a sliding window (TLC). */
export type Pooling = "global" | "tlc";

/**
 * Calls are answered in the order they were made: a tensor may be released while a call that reads it is
 * still under way, as happens when a tile is cancelled.
 */
export interface Engine {
  readonly identity: EngineIdentity;
  readonly lane: Lane;
  /** Tile sides must be multiples of this: 2^levels of the net. */
  readonly alignment: number;
  /** None: its net knows no kernels, and what stands for their tensors holds nothing. */
  readonly kernelField: KernelField | undefined;
  /** The longest side of a square tile whose tensors its adapter can bind; none: no limit but memory. */
  readonly largestTile?: number;
  /** Hand a tile over: pixels [3, h, w] planar, 0..1. The buffer is moved and unusable afterwards. */
  upload(pixels: Float32Array<ArrayBuffer>, height: number, width: number): Promise<DeviceTensor>;
  /** KE-Net (paper §3.2). The image stays valid; the caller releases it and both results. */
  estimateKernels(image: DeviceTensor): Promise<Codes>;
  /**
   * Standardise, mix with the uncertainty (eq. 5, 6) and invert the flow: [1, k², h/s, w/s]. An engine with
   * noise draws it for the tile's place in the image: `origin`, the image's own corner unless said.
   */
  decodeFlow(codes: Codes, origin?: Origin): Promise<DeviceTensor>;
  /** NAFNet with kernel attention (paper §3.3). Releases nothing. */
  restore(image: DeviceTensor, kernels: DeviceTensor): Promise<Restoration>;
  /** A copy of a tensor's values. */
  download(tensor: DeviceTensor): Promise<Float32Array<ArrayBuffer>>;
  /**
   * A copy of some cells' values: [cells.length, channels]. A cell is its row-major index in the tensor.
   * @throws RangeError where the tensor has no such cell
   */
  sample(tensor: DeviceTensor, cells: readonly number[]): Promise<Float32Array<ArrayBuffer>>;
  release(...tensors: readonly DeviceTensor[]): void;
  /** Handles given out and not released yet. */
  liveHandles(): number;
  /** Ends the engine and its thread. Pending calls are rejected. Idempotent. */
  dispose(): Promise<void>;
}
