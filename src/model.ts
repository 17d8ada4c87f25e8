/**
 * rx-deblur/model: the net without streams and files. It contains engines that compute the net, readers and writers
 * of weights as bytes, the papers' metrics, and simulated motion.
 *
 *     const engine = await openOnnxEngine({ weights, pooling: "tlc", threads: 0 });
 */

export { DeviceLostError } from "./errors.ts";
export { type Motion, simulateKernel } from "./model/blur/simulate-kernel.ts";
export type { Trajectory } from "./model/blur/trajectory.ts";
export {
  type KernelSource,
  type KernelStride,
  type MprNetSizes,
  type NetConfig,
  type PresetName,
  presetOf,
  presets,
  type RestorerName,
} from "./model/config.ts";
export type {
  Codes,
  DeviceTensor,
  Engine,
  EngineIdentity,
  EnginePrecision,
  KernelField,
  Origin,
  Pooling,
  Precision,
  Restoration,
  UsualTiles,
} from "./model/engine.ts";
export type { NetFile } from "./model/engines/backend.ts";
export { openCopyEngine } from "./model/engines/copy.ts";
export type { DeviceEngineOptions } from "./model/engines/device-engine.ts";
export { openOnnxEngine, openWasmEngine } from "./model/engines/device-engine.ts";
export type { OnnxEngineName } from "./model/engines/onnx/providers.ts";
export type { BackendName } from "./model/engines/protocol.ts";
export type { TfjsEngineName } from "./model/engines/tfjs/engine-name.ts";
export type { ImageNet, ImageNetKind, PixelRange } from "./model/image-nets/image-net.ts";
export type { Lane, Ticket } from "./model/lane.ts";
export { createLane } from "./model/lane.ts";
export { type MeasuredSize, psnr, ssim, ssim3d } from "./model/measures/metrics.ts";
export { openStream, type RandomStream, type StreamName } from "./model/random-stream.ts";
export type { Dtype } from "./model/weights/floats.ts";
export type { Metadata } from "./model/weights/metadata.ts";
export { readPth } from "./model/weights/pth.ts";
export { readSafetensors } from "./model/weights/safetensors.ts";
export {
  configOf,
  type StoredWeights,
  type Tensor,
  type Weights,
} from "./model/weights/weights.ts";
export { writeSafetensors } from "./model/weights/write-safetensors.ts";
export type { ChosenEngine, OpenEngine } from "./pipeline/engines/choose-engine.ts";
export type { EngineChoice, EngineName } from "./pipeline/engines/engine-options.ts";
