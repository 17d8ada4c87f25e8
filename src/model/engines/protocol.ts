/** Defines the messages between an engine and its device thread. Tensors are identified by numbers. */
import type { DeviceTensor, EnginePrecision, Origin, Pooling, Restoration } from "../engine.ts";
import type { BackendFacts, NetFile } from "./backend.ts";
import type { OnnxEngineName } from "./onnx/providers.ts";
import type { TfjsEngineName } from "./tfjs/engine-name.ts";

/** The backends that a device thread can open. */
export type BackendName = OnnxEngineName | TfjsEngineName;

/** Passed to the thread when it starts; the weights follow as soon as they are read. */
export interface DeviceSettings {
  readonly backend: BackendName;
  readonly pooling: Pooling;
  readonly adapter: string | undefined;
  readonly threads: number;
  /** Seed; undefined: no noise. */
  readonly noise: number | undefined;
  readonly precision: EnginePrecision;
}

/** Each method's arguments and result. */
export interface DeviceMethods {
  /** The first call; answered while graphs may still be loading. */
  open: { args: [net: NetFile]; result: BackendFacts };
  /** Answered when the graphs are loaded. */
  ready: { args: []; result: undefined };
  upload: {
    args: [pixels: Float32Array<ArrayBuffer>, height: number, width: number];
    result: DeviceTensor;
  };
  estimateKernels: {
    args: [image: number];
    result: { code: DeviceTensor; sigma: DeviceTensor };
  };
  decodeFlow: { args: [code: number, sigma: number, origin: Origin]; result: DeviceTensor };
  deconvolve: {
    args: [image: number, kernels: number, sigma: number];
    result: DeviceTensor;
  };
  restore: { args: [image: number, kernels: number, change: number]; result: Restoration };
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
