/** Starts TensorFlow.js on WebGPU (@tensorflow/tfjs-backend-webgpu) with an adapter from Dawn. */
import * as tf from "@tensorflow/tfjs-core";
import { DeviceLostError } from "../../../errors.ts";
import { chooseAdapter, dawnAndVersion, type GpuDevice, loadDawn } from "../dawn.ts";
import { installCommand, unavailable } from "../runtime-failures.ts";
import { interpret, type TfjsRuntime } from "./runtime.ts";

interface WebGpuPackage {
  readonly WebGPUBackend: new (device: GpuDevice, info: object) => tf.KernelBackend;
}

/** Limits that a device supports only if they are requested. */
const limits = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
];

const backendName = "@tensorflow/tfjs-backend-webgpu";

/** Both are installed by one command, whichever is missing. */
const packages = `${dawnAndVersion} ${backendName}@${tf.version_core}`;

/** @throws UnavailableError if a package or an adapter is missing, or if there are two copies of tfjs-core */
export async function useWebGpu(name: string | undefined): Promise<TfjsRuntime> {
  const dawn = await loadDawn(packages);
  Object.assign(globalThis, dawn.globals);
  const { WebGPUBackend } = await loadBackend();
  const { gpu, adapter, description, largestBinding } = await chooseAdapter(dawn, name);
  const device = await adapter.requestDevice({
    requiredLimits: Object.fromEntries(limits.map((limit) => [limit, adapter.limits[limit]])),
  });
  // The backend only tests whether a navigator with WebGPU exists.
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
  // Otherwise small tensors are computed on the processor.
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  const backend = new WebGPUBackend(device, adapter.info);
  tf.registerBackend("webgpu", () => backend);
  await tf.setBackend("webgpu");
  const check = watch(device);
  return {
    version: `tfjs-backend-webgpu ${tf.version_core}`,
    adapter: description,
    largestTensor: largestBinding,
    run: check,
    compile: interpret,
    async dispose() {
      device.destroy();
    },
  };
}

async function loadBackend(): Promise<WebGpuPackage> {
  const needed = `${backendName} on the tfjs-core ${tf.version_core} of this package`;
  const command = installCommand(packages);
  const problem = "TensorFlow.js on WebGPU cannot be loaded";
  const loaded = (await import(backendName as string).catch((cause: unknown) => {
    throw unavailable({ problem, found: cause, needed, command });
  })) as WebGpuPackage;
  if (loaded.WebGPUBackend.prototype instanceof tf.KernelBackend) return loaded;
  const found = "it has its own tfjs-core";
  throw unavailable({ problem, found, needed, command: `${command} && npm dedupe` });
}

/** After an error WebGPU returns zeros and reports the error separately, so each call awaits its report. */
function watch(device: GpuDevice): TfjsRuntime["run"] {
  let lost: DeviceLostError | undefined;
  void device.lost.then(({ reason, message }) => {
    lost = new DeviceLostError(`the WebGPU device is lost (${reason}: ${message})`);
  });
  return async (compute) => {
    if (lost) throw lost;
    const scopes = ["internal", "validation", "out-of-memory"] as const;
    for (const scope of scopes) device.pushErrorScope(scope);
    const [answer] = await Promise.allSettled([(async () => compute())()]);
    const [memory, ...others] = await Promise.all(scopes.map(() => device.popErrorScope()));
    if (lost) throw lost;
    if (memory) throw new Error(`out of memory on the device: ${memory.message}`);
    const wrong = others.find((error) => error !== null);
    if (wrong) throw new Error(`WebGPU: ${wrong.message}`);
    if (answer.status === "rejected") throw answer.reason;
    return answer.value;
  };
}
