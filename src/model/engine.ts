/**
 * Describes an engine, which computes the net: four calls a tile, in order. Tensors stay on the engine and are
 * known here by handles. A kernel field (361 values a pixel) therefore crosses threads only on request.
 *
 * An engine computes on a device, the processor or a GPU, by a runtime: the library ONNX Runtime or TensorFlow.js. Its
 * backend calls the runtime in the engine's own thread. The runtime's own support of a device is a provider in ONNX
 * Runtime, and also named backend in TensorFlow.js. An adapter is one GPU of the machine, or a software GPU.
 */
import type { Lane } from "./lane.ts";

/** A tensor on the engine, float32. The owner of the handle releases it, once. */
export interface DeviceTensor {
  readonly id: number;
  /** [1, channels, height, width] */
  readonly shape: readonly [number, number, number, number];
}

/** KE-Net's result: a latent code and its uncertainty for every cell of the kernel field. */
export interface Codes {
  /** [1, k², h/s, w/s], k kernel side, s kernel stride. */
  readonly code: DeviceTensor;
  /** σ in (0, 1), [1, 1, h/s, w/s]. */
  readonly sigma: DeviceTensor;
}

/** The layout of a net's kernel field: one motion kernel per cell. */
export interface KernelField {
  /** Side k of a kernel; the field's tensors have k² channels, channel c at row c div k, column c mod k. */
  readonly size: number;
  /** Pixels per side of a cell. */
  readonly stride: number;
}

/** Position of a tile's first pixel in the whole image, in pixels. */
export interface Origin {
  readonly x: number;
  readonly y: number;
}

/** The side and the halo of tiles that suit a net, in pixels, multiples of its alignment. */
export interface UsualTiles {
  readonly tile: number;
  readonly halo: number;
}

/** The restorer's result for one tile. */
export interface Restoration {
  /** clamp(x + net, 0, 1) − x: [3, h, w] planar, in the unit of x (0..1). */
  readonly residual: Float32Array<ArrayBuffer>;
  /** Root mean square of the residual before clamping; NaN or ∞ if any value is not finite. */
  readonly rms: number;
}

/** Constant during an engine's life, and part of a run's identity. */
export interface EngineIdentity {
  readonly engine: string;
  readonly version: string;
  readonly precision: Precision;
  /** Name and driver of the adapter; undefined: the engine computes on the processor. */
  readonly adapter?: string;
  readonly threads: number;
  readonly pooling: Pooling;
  /** Seed of the noise in the kernels' codes; undefined: only their mean is decoded. */
  readonly noise: number | undefined;
  /** SHA-256 of the weights file, hex; empty for `copy`. */
  readonly weights: string;
  /** How a net made elsewhere takes its input, in words; undefined: it is one of this package's nets. */
  readonly net?: string;
}

/** Number format of intermediate results; inputs and outputs are float32. */
export type Precision = "float32" | "float16" | "int8";

/** Precisions that can be requested; float32 means the engine's default. */
export type EnginePrecision = Extract<Precision, "float32" | "int8">;

/** NAFNet's channel attention: pooled over the whole tile, or in a sliding window (TLC). */
export type Pooling = "global" | "tlc";

/**
 * Calls are executed in order. A tensor may be released while a call that reads it is pending, as happens when a
 * tile is cancelled.
 */
export interface Engine {
  readonly identity: EngineIdentity;
  readonly lane: Lane;
  /** Tile sides must be multiples of this: 2^levels of the net. */
  readonly alignment: number;
  /** Undefined: the net has no kernels, and the tensors in their place are empty. */
  readonly kernelField: KernelField | undefined;
  /** The longest side of a tile that net and adapter can take; undefined: limited by memory only. */
  readonly largestTile?: number;
  /** The tiles that suit the net, in pixels; undefined: the package's defaults. */
  readonly usualTiles?: UsualTiles;
  /** Uploads a tile: pixels [3, h, w] planar, 0..1. The buffer is transferred and unusable afterwards. */
  upload(pixels: Float32Array<ArrayBuffer>, height: number, width: number): Promise<DeviceTensor>;
  /** KE-Net (paper §3.2). The image stays valid; the caller releases it and both results. */
  estimateKernels(image: DeviceTensor): Promise<Codes>;
  /**
   * Standardises, mixes with the uncertainty (eq. 5, 6) and inverts the flow: [1, k², h/s, w/s]. An engine with
   * noise samples it for the tile's position `origin`, by default the image's own corner.
   */
  decodeFlow(codes: Codes, origin?: Origin): Promise<DeviceTensor>;
  /**
   * The change that deconvolving with the kernels makes to the image, [1, 3, h, w]; without channels for a net that
   * does not deconvolve. Releases nothing; the caller releases the result.
   */
  deconvolve(
    image: DeviceTensor,
    kernels: DeviceTensor,
    sigma: DeviceTensor,
  ): Promise<DeviceTensor>;
  /** NAFNet with kernel attention (paper §3.3); `change` as from `deconvolve`. Releases nothing. */
  restore(image: DeviceTensor, kernels: DeviceTensor, change: DeviceTensor): Promise<Restoration>;
  /** A copy of a tensor's values. */
  download(tensor: DeviceTensor): Promise<Float32Array<ArrayBuffer>>;
  /**
   * A copy of some cells' values: [cells.length, channels]. A cell is its row-major index in the tensor.
   * @throws RangeError if the tensor has no such cell
   */
  sample(tensor: DeviceTensor, cells: readonly number[]): Promise<Float32Array<ArrayBuffer>>;
  release(...tensors: readonly DeviceTensor[]): void;
  /** Number of handles not released yet. */
  liveHandles(): number;
  /** Ends the engine and its thread. Pending calls are rejected. May be called repeatedly. */
  dispose(): Promise<void>;
}
