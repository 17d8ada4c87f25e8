/** ONNX Runtime on the CPU, in its own thread: the default engine. */
import type { Engine } from "../engine.ts";
import { type DeviceEngineOptions, openDeviceEngine } from "./device-engine.ts";

/**
 * Opens ONNX Runtime on the processor. The caller disposes the engine.
 *
 *     const weights = await readFile("weights.safetensors");
 *     const engine = await openOnnxEngine({ weights, pooling: "global", threads: 0 });
 *
 * @throws UnavailableError where ONNX Runtime cannot be loaded, WeightsError where the weights are wrong
 */
export function openOnnxEngine(options: Omit<DeviceEngineOptions, "backend">): Promise<Engine> {
  return openDeviceEngine({ backend: "onnx", ...options });
}
