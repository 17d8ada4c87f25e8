/** Describes a TensorFlow.js backend that has been started, whichever engine started it. */

/** Engines that are TensorFlow.js, by its backend. */
export type TfjsEngineName = "tfjs-wasm" | "tfjs-webgpu" | "tfjs-node" | "tfjs-node-gpu";

/** The backend of this thread's tensors. */
export interface TfjsRuntime {
  /** Name and version. */
  readonly version: string;
  /** What it computes on; none: the processor. */
  readonly adapter?: string;
  /** Bytes of a tensor; none: no limit but memory. */
  readonly largestTensor?: number;
  /** Computes, and rejects where the device did not. */
  run<T>(compute: () => T | Promise<T>): Promise<T>;
  dispose(): Promise<void>;
}
