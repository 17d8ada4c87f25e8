/** Lists every engine: how far it was tested, what this machine may lack for it, and how it is opened. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Engine } from "../../model/engine.ts";
import { openCopyEngine } from "../../model/engines/copy.ts";
import {
  type BegunEngine,
  beginDeviceEngine,
  type DeviceEngineOptions,
  whenOpened,
} from "../../model/engines/device-engine.ts";
import { onnxProviders } from "../../model/engines/onnx/providers.ts";
import { unavailable } from "../../model/engines/runtime-failures.ts";
import { tensorFlowCuda } from "../../model/engines/tfjs/tensorflow-library.ts";
import { lookForGpus } from "./gpu-presence.ts";

/** The names of the engines, in the order of the table and of `deblur engines`. */
export const engineNames = [
  "onnx-cuda",
  "tfjs-node-gpu",
  "onnx-directml",
  "onnx-webgpu",
  "tfjs-webgpu",
  "onnx",
  "tfjs-node",
  "tfjs-wasm",
  "onnx-tensorrt",
  "onnx-coreml",
  "copy",
] as const;

/** The name of an engine. */
export type NamedEngine = (typeof engineNames)[number];

/** How this version was tested: "yes" on common hardware, on what is named alone, or "no". */
export type Tried = "yes" | "on software drivers" | "on TensorFlow 2.21.0 on a CPU" | "no";

interface EngineFacts {
  readonly tried: Tried;
  /** Auto tries it. Left out: TensorRT, which builds for minutes, CoreML, which may round, and copy. */
  readonly auto?: true;
  /** It computes on a GPU. Auto takes it only if it agrees with the processor. */
  readonly gpu?: true;
  /** The number of threads it uses, whatever the options say; undefined: as the options say. */
  readonly threads?: number;
  /** Packages it needs that npm does not install by itself. */
  readonly packages?: readonly string[];
  /** What the machine must have; undefined: nothing can be said without loading the engine. */
  readonly machine?: MachineNeeds;
}

interface MachineNeeds {
  /** Returns what this machine lacks, found without loading anything; undefined: nothing known. */
  lack(adapter: string | undefined): string | undefined;
  /** The requirement in words, and a command that meets it. */
  readonly needs: { readonly needed: string; readonly command?: string };
}

// A software adapter chosen by name needs no GPU.
const webgpu: MachineNeeds = {
  lack: (adapter) => (adapter === undefined ? lookForGpus().noGpu : undefined),
  needs: onnxProviders["onnx-webgpu"],
};

// Its library computes on the processor if that is chosen by name.
const tensorFlowGpu: MachineNeeds = {
  lack: (adapter) => (adapter === undefined ? lookForGpus().noNvidia : undefined),
  needs: { needed: tensorFlowCuda, command: "engine `tfjs-node` uses the processor" },
};

const nvidiaLack = () => lookForGpus().noNvidia ?? noCudaProvider();

/** The facts of every engine. GPUs come first, engines nearest to the vendor's library before others. */
export const engineTable: Readonly<Record<NamedEngine, EngineFacts>> = {
  "onnx-cuda": {
    tried: "no",
    auto: true,
    gpu: true,
    machine: { lack: nvidiaLack, needs: onnxProviders["onnx-cuda"] },
  },
  "tfjs-node-gpu": {
    tried: "on TensorFlow 2.21.0 on a CPU",
    auto: true,
    gpu: true,
    packages: ["@tensorflow/tfjs-node-gpu"],
    machine: tensorFlowGpu,
  },
  "onnx-directml": {
    tried: "no",
    auto: true,
    gpu: true,
    machine: { lack: () => only("win32", "Windows"), needs: onnxProviders["onnx-directml"] },
  },
  "onnx-webgpu": { tried: "on software drivers", auto: true, gpu: true, machine: webgpu },
  "tfjs-webgpu": {
    tried: "on software drivers",
    auto: true,
    gpu: true,
    packages: ["webgpu", "@tensorflow/tfjs-backend-webgpu"],
    machine: webgpu,
  },
  onnx: { tried: "yes", auto: true },
  "tfjs-node": {
    tried: "on TensorFlow 2.21.0 on a CPU",
    auto: true,
    packages: ["@tensorflow/tfjs-node"],
  },
  "tfjs-wasm": { tried: "yes", auto: true, threads: 1 },
  "onnx-tensorrt": {
    tried: "no",
    machine: { lack: nvidiaLack, needs: onnxProviders["onnx-tensorrt"] },
  },
  "onnx-coreml": {
    tried: "no",
    machine: { lack: () => only("darwin", "macOS"), needs: onnxProviders["onnx-coreml"] },
  },
  copy: { tried: "yes" },
};

/** The engines that auto tries, in the order of the table. */
export const autoOrder: readonly NamedEngine[] = engineNames.filter(
  (name) => engineTable[name].auto,
);

type Settings = Omit<DeviceEngineOptions, "backend">;

/**
 * Opens an engine by its name; the caller disposes it.
 * @throws UnavailableError if it is unavailable here; WeightsError if the weights are wrong
 */
export async function openNamedEngine(name: NamedEngine, settings: Settings): Promise<Engine> {
  return whenOpened(await beginNamedEngine(name, settings));
}

/** Begins to open an engine and resolves once its identity is known. @throws as `openNamedEngine` */
export async function beginNamedEngine(
  name: NamedEngine,
  settings: Settings,
): Promise<BegunEngine> {
  if (name === "copy") return { engine: openCopyEngine(), ready: Promise.resolve() };
  assertNothingLacks(name, settings.adapter);
  const threads = engineTable[name].threads ?? settings.threads;
  return beginDeviceEngine({ ...settings, threads, backend: name });
}

/**
 * Checks the machine without loading packages.
 * @throws UnavailableError if the packages are installed but the machine lacks something
 */
export function assertNothingLacks(name: NamedEngine, adapter: string | undefined): void {
  const { machine } = engineTable[name];
  const found = installed(name) ? machine?.lack(adapter) : undefined;
  if (machine === undefined || found === undefined) return;
  throw unavailable({ problem: `${name} cannot be used`, found, ...machine.needs });
}

/** Returns false if a package is not installed or the machine lacks something: auto then skips the engine silently. */
export function worthTrying(name: NamedEngine, adapter: string | undefined): boolean {
  return installed(name) && engineTable[name].machine?.lack(adapter) === undefined;
}

function installed(name: NamedEngine): boolean {
  return (engineTable[name].packages ?? []).every((one) => placeOf(one) !== undefined);
}

const { resolve } = createRequire(import.meta.url);

function placeOf(name: string): string | undefined {
  try {
    return resolve(name);
  } catch {
    return undefined;
  }
}

/** Checks for ONNX Runtime's CUDA provider, a separate library that its install script fetches. */
function noCudaProvider(): string | undefined {
  const place = placeOf("onnxruntime-node/package.json");
  if (place === undefined || process.platform !== "linux") return undefined;
  const file = "libonnxruntime_providers_cuda.so";
  const path = join(dirname(place), "bin/napi-v6/linux", process.arch, file);
  return existsSync(path) ? undefined : `onnxruntime-node was installed without ${file}`;
}

function only(platform: NodeJS.Platform, name: string): string | undefined {
  return process.platform === platform ? undefined : `${process.platform} is not ${name}`;
}
