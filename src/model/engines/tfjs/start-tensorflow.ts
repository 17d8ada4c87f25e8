/** Starts TensorFlow's C library (@tensorflow/tfjs-node or tfjs-node-gpu) as the backend of this thread's tensors. */
import * as tf from "@tensorflow/tfjs-core";
import { installCommand, unavailable } from "../runtime-failures.ts";
import type { TfjsRuntime } from "./runtime.ts";

/** @throws UnavailableError if package, binary or GPU is missing, or if the package has its own copy of tfjs-core */
export async function useTensorFlow(engine: "tfjs-node" | "tfjs-node-gpu"): Promise<TfjsRuntime> {
  const gpu = engine === "tfjs-node-gpu";
  const cuda = "an NVIDIA GPU with a driver above 450, CUDA 11.2, cuDNN 8.1";
  const library = `@tensorflow/${engine} 4.22 with TensorFlow's library 2.9.1 (fetched by npm)`;
  const needed = gpu ? `${library}, ${cuda}` : library;
  const lack = (found: unknown, command: string) =>
    unavailable({ problem: "TensorFlow cannot be loaded", found, needed, command });
  const install = installCommand(`@tensorflow/${engine}@4.22.0`);
  // The default export of a CommonJS module has all its names; the named exports are incomplete.
  const { default: node } = await import(`@tensorflow/${engine}`).catch((cause: unknown) => {
    const absent = /Cannot find package/.test(String(cause));
    throw lack(cause, absent ? install : `npm rebuild @tensorflow/${engine}`);
  });
  // Two copies of tfjs-core share a registry, but not the class Tensor.
  if (node.Tensor !== tf.Tensor) {
    const versions = `${node.version?.["tfjs-core"]} beside ${tf.version_core}`;
    throw lack(`it has its own tfjs-core, ${versions}`, `${install} && npm dedupe`);
  }
  if (!(await tf.setBackend("tensorflow"))) throw lack("its backend cannot be started", install);
  const { isUsingGpuDevice, binding } = tf.backend() as tf.KernelBackend & {
    isUsingGpuDevice: boolean;
    binding?: { TF_Version: string };
  };
  // Without a GPU the library computes on the processor, and only logs it.
  if (gpu && !isUsingGpuDevice) throw lack("TensorFlow finds no GPU it can use", "nvidia-smi");
  return {
    version: `${engine} ${node.version["tfjs-node"]}, TensorFlow ${binding?.TF_Version}`,
    ...(gpu && { adapter: "GPU" }),
    run: async (compute) => compute(),
    dispose: async () => {},
  };
}
