/** @tensorflow/tfjs-node and -gpu, TensorFlow's C library: loading one makes it a backend of this thread's tensors. */
import * as tf from "@tensorflow/tfjs-core";
import { installCommand, unavailable } from "./runtime-failures.ts";
import type { TfjsRuntime } from "./tfjs-runtime.ts";

/** @throws UnavailableError where package, binary or GPU are missing, or it brings a TensorFlow.js of its own */
export async function useTensorFlow(engine: "tfjs-node" | "tfjs-node-gpu"): Promise<TfjsRuntime> {
  const gpu = engine === "tfjs-node-gpu";
  const cuda = "an NVIDIA GPU with a driver above 450, CUDA 11.2, cuDNN 8.1";
  const library = `@tensorflow/${engine} 4.22 with TensorFlow's library 2.9.1 (fetched by npm)`;
  const needed = gpu ? `${library}, ${cuda}` : library;
  const lack = (found: unknown, command: string) =>
    unavailable({ problem: "TensorFlow cannot be loaded", found, needed, command });
  const install = installCommand(`@tensorflow/${engine}@4.22.0`);
  // What a CommonJS module exports all of is its default here; by name there is only what the loader foresees.
  const { default: node } = await import(`@tensorflow/${engine}`).catch((cause: unknown) => {
    const absent = /Cannot find package/.test(String(cause));
    throw lack(cause, absent ? install : `npm rebuild @tensorflow/${engine}`);
  });
  // Two TensorFlow.js would share a registry, but not what a tensor is.
  if (node.Tensor !== tf.Tensor) {
    const versions = `${node.version?.["tfjs-core"]} beside ${tf.version_core}`;
    throw lack(`it has a tfjs-core of its own, ${versions}`, `${install} && npm dedupe`);
  }
  if (!(await tf.setBackend("tensorflow"))) throw lack("its backend does not start", install);
  const { isUsingGpuDevice, binding } = tf.backend() as tf.KernelBackend & {
    isUsingGpuDevice: boolean;
    binding?: { TF_Version: string };
  };
  // Without a GPU the library computes on the processor and says so to nobody but its log.
  if (gpu && !isUsingGpuDevice) throw lack("TensorFlow finds no GPU it can use", "nvidia-smi");
  return {
    version: `${engine} ${node.version["tfjs-node"]}, TensorFlow ${binding?.TF_Version}`,
    ...(gpu && { adapter: "GPU" }),
    run: async (compute) => compute(),
    dispose: async () => {},
  };
}
