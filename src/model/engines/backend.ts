/** What a runtime offers inside the device thread: the three graphs on its own tensors, one call at a time. */
import type { EnginePrecision, KernelField, Pooling, Precision } from "../engine.ts";

/** What a backend is: known before its graphs are in place. */
export interface BackendFacts {
  /** Name and version of the runtime, part of the run's identity. */
  readonly version: string;
  readonly precision: Precision;
  /** What it computes on; none: the processor. */
  readonly adapter: string | undefined;
  /** As the engine's. */
  readonly largestTile: number | undefined;
  /** 2^levels of the net. */
  readonly alignment: number;
  /** None: the net knows no kernels. */
  readonly kernelField: KernelField | undefined;
}

/** Nets without kernels answer `estimateKernels` and `decodeFlow` with tensors of no channels. */
export interface Backend<T> extends BackendFacts {
  upload(pixels: Float32Array<ArrayBuffer>, height: number, width: number): T;
  estimateKernels(image: T): Promise<{ code: T; sigma: T }>;
  /** `noise`, planar as the code: there if and only if the backend was opened with noise. */
  decodeFlow(code: T, sigma: T, noise: Float32Array<ArrayBuffer> | undefined): Promise<T>;
  /** The values of the unclamped residual [3, h, w], planar; they become the caller's. */
  restore(image: T, kernels: T): Promise<Float32Array<ArrayBuffer>>;
  shape(tensor: T): [number, number, number, number];
  /** The tensor's values; may share its memory, which stays valid until the tensor is released. */
  read(tensor: T): Promise<Float32Array<ArrayBuffer>>;
  release(tensor: T): void;
  dispose(): Promise<void>;
}

export interface BackendOptions {
  /** A safetensors file. */
  readonly weights: Uint8Array;
  readonly pooling: Pooling;
  /** Part of an adapter's name, or a device's number; none: the runtime chooses. */
  readonly adapter: string | undefined;
  /** Threads of one operation; 0 lets the runtime choose. */
  readonly threads: number;
  /** Seed of the noise `decodeFlow` will be given; none: without noise. */
  readonly noise: number | undefined;
  readonly precision: EnginePrecision;
  /** May hear what the backend is as soon as only its graphs have yet to be put in place. */
  readonly onKnown?: (facts: BackendFacts) => void;
}
