/** TensorFlow.js on WebAssembly, in its own thread: the engine that needs no native runtime. */
import type { Engine } from "../engine.ts";
import { type DeviceEngineOptions, openDeviceEngine } from "./device-engine.ts";

/**
 * Opens TensorFlow.js on WebAssembly; computes with one thread. The caller disposes the engine.
 * @throws UnavailableError where WebAssembly cannot be started, WeightsError where the weights are wrong
 */
export function openWasmEngine(
  options: Omit<DeviceEngineOptions, "backend" | "threads">,
): Promise<Engine> {
  return openDeviceEngine({ backend: "tfjs-wasm", threads: 1, ...options });
}
