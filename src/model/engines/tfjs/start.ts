/** Starts the TensorFlow.js backend of an engine. */
import { useWasm } from "../../tfjs/wasm-backend.ts";
import { unavailable } from "../runtime-failures.ts";
import type { TfjsEngineName } from "./engine-name.ts";
import { interpret, type TfjsRuntime } from "./runtime.ts";
import { useTensorFlow } from "./start-tensorflow.ts";
import { useWebGpu } from "./start-webgpu.ts";

/** @throws UnavailableError if the backend is not available on this machine */
export function startTfjs(
  engine: TfjsEngineName,
  adapter: string | undefined,
): Promise<TfjsRuntime> {
  switch (engine) {
    case "tfjs-wasm":
      return startWasm();
    case "tfjs-webgpu":
      return useWebGpu(adapter);
    case "tfjs-node":
    case "tfjs-node-gpu":
      return useTensorFlow(engine, adapter);
  }
}

async function startWasm(): Promise<TfjsRuntime> {
  try {
    const version = `tfjs-backend-wasm ${await useWasm()}`;
    const run: TfjsRuntime["run"] = async (compute) => compute();
    return { version, run, compile: interpret, dispose: async () => {} };
  } catch (cause) {
    throw unavailable({
      problem: "TensorFlow.js cannot be started",
      found: cause,
      needed: "WebAssembly and @tensorflow/tfjs-backend-wasm",
      command: "npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm",
    });
  }
}
