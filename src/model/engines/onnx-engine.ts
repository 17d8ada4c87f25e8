/** ONNX Runtime on the CPU, in its own thread: the default engine. */
import type { Engine } from "../engine.ts";
import { type DeviceEngineOptions, openDeviceEngine } from "./device-engine.ts";

/**
 * @throws UnavailableError where ONNX Runtime cannot be loaded, WeightsError where the weights are wrong
 */
export function openOnnxEngine(options: Omit<DeviceEngineOptions, "backend">): Promise<Engine> {
  return openDeviceEngine({ backend: "onnx", ...options });
}
