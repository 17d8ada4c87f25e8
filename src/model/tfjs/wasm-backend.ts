/** Starts TensorFlow.js on WebAssembly: XNNPACK kernels with SIMD, one thread, on any platform of Node. */
import { type BackendWasm, version_wasm as version } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";

let started: Promise<void> | undefined;

/**
 * Selects the backend for this thread's tensors; the .wasm files are found beside its script.
 * @returns the backend's version
 * @throws Error if this machine cannot run it
 */
export async function useWasm(): Promise<string> {
  started ??= start();
  await started;
  await tf.setBackend("wasm");
  return version;
}

async function start(): Promise<void> {
  if (!(await tf.setBackend("wasm")))
    throw new Error("WebAssembly cannot be started on this machine");
  guardMemory(tf.backend() as BackendWasm);
}

interface WasmMemory {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** The stock backend ignores failed allocations and sizes beyond 32 bits, and continues with invalid memory. */
function guardMemory(backend: BackendWasm): void {
  const wasm = backend.wasm as unknown as WasmMemory;
  wasm._free(wasm._malloc(1)); // the first call replaces this function by another one
  const allocate = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = bytes < 2 ** 32 ? allocate(bytes) : 0;
    if (address !== 0) return address;
    throw new Error(`WebAssembly has no ${bytes} bytes left for a tensor; use smaller tiles`);
  };
}
