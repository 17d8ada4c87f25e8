/** What the device thread is asked and what it answers. Tensors are named by number. */
import type {
  DeviceTensor,
  EnginePrecision,
  KernelField,
  Origin,
  Pooling,
  Precision,
  Restoration,
} from "../engine.ts";
import type { OnnxEngineName } from "./onnx-providers.ts";
import type { TfjsEngineName } from "./tfjs-runtimes.ts";

/** What a device thread can open. */
export type BackendName = OnnxEngineName | TfjsEngineName;

/** Handed to the thread when it starts. */
export interface DeviceSettings {
  readonly backend: BackendName;
  readonly weights: Uint8Array;
  readonly pooling: Pooling;
  readonly adapter: string | undefined;
  readonly threads: number;
  /** Seed; none: without noise. */
  readonly noise: number | undefined;
  readonly precision: EnginePrecision;
}

/** The thread's first message. */
interface DeviceReady {
  readonly version: string;
  readonly precision: Precision;
  readonly adapter: string | undefined;
  readonly largestTile: number | undefined;
  readonly alignment: number;
  readonly kernelField: KernelField | undefined;
}

/** Each method's arguments and result. */
export interface DeviceMethods {
  ready: { args: []; result: DeviceReady };
  upload: {
    args: [pixels: Float32Array<ArrayBuffer>, height: number, width: number];
    result: DeviceTensor;
  };
  estimateKernels: {
    args: [image: number];
    result: { code: DeviceTensor; sigma: DeviceTensor };
  };
  decodeFlow: { args: [code: number, sigma: number, origin: Origin]; result: DeviceTensor };
  restore: { args: [image: number, kernels: number]; result: Restoration };
  download: { args: [tensor: number]; result: Float32Array<ArrayBuffer> };
  sample: { args: [tensor: number, cells: readonly number[]]; result: Float32Array<ArrayBuffer> };
  release: { args: [tensors: number[]]; result: undefined };
  dispose: { args: []; result: undefined };
}

export type DeviceMethod = keyof DeviceMethods;

export interface DeviceRequest<M extends DeviceMethod = DeviceMethod> {
  readonly call: number;
  readonly method: M;
  readonly args: DeviceMethods[M]["args"];
}

export interface DeviceResponse {
  readonly call: number;
  readonly result?: unknown;
  readonly error?: { readonly tag: string; readonly message: string };
}
