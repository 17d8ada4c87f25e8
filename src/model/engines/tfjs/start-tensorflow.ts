/** Starts TensorFlow's C library (@tensorflow/tfjs-node or tfjs-node-gpu) as the backend of this thread's tensors. */
import { createRequire } from "node:module";
import { constants } from "node:os";
import * as tf from "@tensorflow/tfjs-core";
import { installCommand, unavailable } from "../runtime-failures.ts";
import { interpret, type TfjsRuntime } from "./runtime.ts";
import { replaceKernels } from "./tensorflow-kernels.ts";
import {
  setTensorFlowVariables,
  type TensorFlowName,
  tensorFlowCuda,
} from "./tensorflow-library.ts";
import { programsOn } from "./tensorflow-programs.ts";

/** The members of the backend that its type hides. */
type TensorFlowBackend = tf.KernelBackend & {
  readonly isUsingGpuDevice: boolean;
  readonly binding?: { readonly TF_Version: string };
};

/**
 * Without a GPU, TensorFlow's GPU library computes on the processor; tfjs-node-gpu accepts this only if `adapter` is
 * a part of the processor's name.
 * @param adapter part of "GPU" or "CPU", for tfjs-node-gpu; undefined: the GPU
 * @throws UnavailableError if package, binary or GPU is missing, or if the package has its own copy of tfjs-core
 */
export async function useTensorFlow(
  engine: TensorFlowName,
  adapter: string | undefined,
): Promise<TfjsRuntime> {
  const gpu = engine === "tfjs-node-gpu";
  const library = `@tensorflow/${engine} 4.22 with TensorFlow's library 2.9.1 (fetched by npm)`;
  const needed = gpu ? `${library}, ${tensorFlowCuda}` : library;
  const lack = (found: unknown, command: string) =>
    unavailable({ problem: "TensorFlow cannot be loaded", found, needed, command });
  const install = installCommand(`@tensorflow/${engine}@4.22.0`);
  setTensorFlowVariables();
  // The default export of a CommonJS module has all its names; the named exports are incomplete.
  const { default: node } = await import(`@tensorflow/${engine}`)
    .catch((cause: unknown) => {
      const absent = /Cannot find package/.test(String(cause));
      throw lack(cause, absent ? install : `npm rebuild @tensorflow/${engine}`);
    })
    .finally(keepLoaded);
  // Two copies of tfjs-core share a registry, but not the class Tensor.
  if (node.Tensor !== tf.Tensor) {
    const versions = `${node.version?.["tfjs-core"]} beside ${tf.version_core}`;
    throw lack(`it has its own tfjs-core, ${versions}`, `${install} && npm dedupe`);
  }
  if (!(await tf.setBackend("tensorflow"))) throw lack("its backend cannot be started", install);
  const backend = tf.backend() as TensorFlowBackend;
  replaceKernels(backend);
  const { isUsingGpuDevice, binding } = backend;
  const device = isUsingGpuDevice ? "GPU" : "CPU";
  const version = `TensorFlow ${binding?.TF_Version}`;
  if (gpu && !device.toLowerCase().includes((adapter ?? "GPU").toLowerCase())) {
    const found = isUsingGpuDevice ? "computes on a GPU" : "finds no GPU it can use";
    throw lack(`${version} ${found}`, "nvidia-smi");
  }
  return {
    version: `${engine} ${node.version["tfjs-node"]}, ${version} ${isUsingGpuDevice ? "with" : "without"} a GPU`,
    ...((gpu || isUsingGpuDevice) && { adapter: device }),
    run: async (compute) => compute(),
    // A graph's results would leave the GPU.
    compile: isUsingGpuDevice ? interpret : programsOn(backend),
    dispose: async () => {},
  };
}

/** Flag of dlopen that Node.js does not name: the library stays loaded until the process ends. */
const noDelete: Readonly<Partial<Record<NodeJS.Platform, number>>> = {
  linux: 0x1000,
  darwin: 0x80,
};

/**
 * Keeps the library in memory when this thread ends. Node.js unloads the binaries of a worker thread with it, but
 * TensorFlow's exit handlers remain, and would be called at addresses that no longer exist.
 */
function keepLoaded(): void {
  const flag = noDelete[process.platform];
  const { cache } = createRequire(import.meta.url);
  const binary = Object.keys(cache).find((path) => path.endsWith("tfjs_binding.node"));
  if (flag === undefined || binary === undefined) return;
  process.dlopen({ exports: {} }, binary, constants.dlopen.RTLD_LAZY | flag);
}
