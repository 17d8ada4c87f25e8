/** Declares the options that decide which engine is opened and which net it runs. */
import type { PresetName } from "../../model/config.ts";
import type { EnginePrecision, Pooling } from "../../model/engine.ts";
import type { BackendName } from "../../model/engines/protocol.ts";
import type { PixelRange } from "../../model/image-nets/image-net.ts";

/** The name of an engine, or "auto" for the first one available. */
export type EngineName = "auto" | BackendName | "copy";

/** The options of an engine. */
export interface EngineOptions {
  /** Path of a safetensors file; undefined: the bundled weights of `preset`. */
  readonly weights: string | undefined;
  /** undefined: that of `weights`, or lite. */
  readonly preset: PresetName | undefined;
  /**
   * Path of a net made elsewhere, in place of `weights`: an ONNX file, or the model.json of a graph model of
   * TensorFlow.js; undefined: this package's net.
   */
  readonly net: string | undefined;
  /** Values that are black and white to `net`; undefined: as its file says, or found by a trial. */
  readonly netRange: PixelRange | undefined;
  readonly engine: EngineName;
  /** Part of the name of a WebGPU adapter, or the number of a CUDA or DirectML device; undefined: the engine chooses. */
  readonly adapter: string | undefined;
  /** Threads of the engine, and as many again for decoding and encoding. */
  readonly threads: number;
  /** Where channel attention pools: over the whole tile, or in a window (tlc). */
  readonly pooling: Pooling;
  /** Of the engine's arithmetic. int8 needs engine onnx (or auto, which then means onnx) and calibrated weights. */
  readonly precision: EnginePrecision;
  /** Seed for sampling the kernels' codes; undefined: their mean is decoded. */
  readonly noise: number | undefined;
}

/** The options `chooseEngine` reads: with `tile`, an engine whose adapter cannot bind such a tile is refused. */
export interface EngineChoice extends EngineOptions {
  /** Side of a tile in pixels; undefined: no larger than the engine can bind. */
  readonly tile?: number | undefined;
}
