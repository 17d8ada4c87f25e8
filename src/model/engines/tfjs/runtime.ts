/** Defines the engines of TensorFlow.js, and what each of their backends offers once it is started. */

/** Engines based on TensorFlow.js, one per backend. */
export type TfjsEngineName = "tfjs-wasm" | "tfjs-webgpu" | "tfjs-node" | "tfjs-node-gpu";

/** The backend of this thread's tensors. */
export interface TfjsRuntime {
  /** Name and version. */
  readonly version: string;
  /** The adapter it computes on; undefined: the processor. */
  readonly adapter?: string;
  /** Maximum size of a tensor in bytes; undefined: limited by memory only. */
  readonly largestTensor?: number;
  /** Runs `compute` and rejects if the device reports an error. */
  run<T>(compute: () => T | Promise<T>): Promise<T>;
  dispose(): Promise<void>;
}
