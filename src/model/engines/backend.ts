/** Describes a backend inside the device thread: the net's graphs on its own tensors, one call at a time. */
import type { EnginePrecision, KernelField, Pooling, Precision, UsualTiles } from "../engine.ts";
import type { ImageNet } from "../image-nets/image-net.ts";

/** Properties of a backend that are known before its graphs are loaded. */
export interface BackendFacts {
  /** Name and version of the runtime; part of the run's identity. */
  readonly version: string;
  readonly precision: Precision;
  /** The adapter it computes on; undefined: the processor. */
  readonly adapter: string | undefined;
  /** See `Engine.largestTile`. */
  readonly largestTile: number | undefined;
  /** See `alignmentOf`. */
  readonly alignment: number;
  /** Undefined: the net has no kernels. */
  readonly kernelField: KernelField | undefined;
  /** See `EngineIdentity.net`. */
  readonly net?: string;
  /** See `Engine.usualTiles`. */
  readonly usualTiles?: UsualTiles;
}

/** The bytes of a safetensors file, or a net made elsewhere. */
export type NetFile = Uint8Array | ImageNet;

/** A stage that the net lacks returns tensors without channels. */
export interface Backend<T> extends BackendFacts {
  upload(pixels: Float32Array<ArrayBuffer>, height: number, width: number): T;
  estimateKernels(image: T): Promise<{ code: T; sigma: T }>;
  /** `noise`, planar as the code; given if and only if the backend was opened with noise. */
  decodeFlow(code: T, sigma: T, noise: Float32Array<ArrayBuffer> | undefined): Promise<T>;
  deconvolve(image: T, kernels: T, sigma: T): Promise<T>;
  /** The values of the unclamped residual [3, h, w], planar; the caller owns them. */
  restore(image: T, kernels: T, change: T): Promise<Float32Array<ArrayBuffer>>;
  shape(tensor: T): [number, number, number, number];
  /** The tensor's values; they may share its memory, which stays valid until the tensor is released. */
  read(tensor: T): Promise<Float32Array<ArrayBuffer>>;
  release(tensor: T): void;
  dispose(): Promise<void>;
}

/** The options of a backend besides its net. */
export interface BackendSettings {
  readonly pooling: Pooling;
  /** Part of an adapter's name, or a device's number; undefined: the runtime chooses. */
  readonly adapter: string | undefined;
  /** Threads per operation; 0: the runtime chooses. */
  readonly threads: number;
  /** Seed of the noise that `decodeFlow` will receive; undefined: no noise. */
  readonly noise: number | undefined;
  readonly precision: EnginePrecision;
}

export interface BackendOptions extends BackendSettings {
  /** A safetensors file. */
  readonly weights: Uint8Array;
  /** Called with the backend's properties as soon as they are known, before its graphs are loaded. */
  readonly onKnown?: (facts: BackendFacts) => void;
}
