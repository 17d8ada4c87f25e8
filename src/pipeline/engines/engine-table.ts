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
import type { BackendName } from "../../model/engines/protocol.ts";
import { unavailable } from "../../model/engines/runtime-failures.ts";
import { lookForGpus } from "./gpu-presence.ts";

/** The names of the engines, in the order of `deblur engines`; auto tries those in `autoOrder`. */
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

/**
 * The engines that auto tries. GPUs come first, engines nearest to the vendor's library before others. TensorRT is
 * left out because it builds for minutes, CoreML because it may round.
 */
export const autoOrder: readonly BackendName[] = engineNames.slice(0, 8) as BackendName[];

/** How this version was tested: "yes" on common hardware, on software drivers alone, or "no". */
export type Tried = "yes" | "on software drivers" | "no";

interface EngineFacts {
  readonly tried: Tried;
  /** It computes on a GPU. Auto takes it only if it agrees with the processor. */
  readonly gpu?: true;
  /** Packages it needs that npm does not install by itself. */
  readonly packages?: readonly string[];
  /** Returns what this machine lacks, found without loading anything; undefined: nothing known. */
  lack?(adapter: string | undefined): string | undefined;
}

const tfjsWebGpu = ["webgpu", "@tensorflow/tfjs-backend-webgpu"];

// A software adapter chosen by name needs no GPU.
const webgpuLack = (adapter: string | undefined) =>
  adapter === undefined ? lookForGpus().noGpu : undefined;

/** The facts of every engine. */
export const engineTable: Readonly<Record<NamedEngine, EngineFacts>> = {
  "onnx-cuda": { tried: "no", gpu: true, lack: () => lookForGpus().noNvidia ?? noCudaProvider() },
  "tfjs-node-gpu": { tried: "no", gpu: true, packages: ["@tensorflow/tfjs-node-gpu"] },
  "onnx-directml": { tried: "no", gpu: true, lack: () => only("win32", "Windows") },
  "onnx-webgpu": { tried: "on software drivers", gpu: true, lack: webgpuLack },
  "tfjs-webgpu": {
    tried: "on software drivers",
    gpu: true,
    packages: tfjsWebGpu,
    lack: webgpuLack,
  },
  onnx: { tried: "yes" },
  "tfjs-node": { tried: "no", packages: ["@tensorflow/tfjs-node"] },
  "tfjs-wasm": { tried: "yes" },
  "onnx-tensorrt": { tried: "no", lack: () => lookForGpus().noNvidia ?? noCudaProvider() },
  "onnx-coreml": { tried: "no", lack: () => only("darwin", "macOS") },
  copy: { tried: "yes" },
};

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
  const threads = name === "tfjs-wasm" ? 1 : settings.threads;
  return beginDeviceEngine({ ...settings, threads, backend: name });
}

/**
 * Checks the machine without loading packages.
 * @throws UnavailableError if the packages are installed but the machine lacks something
 */
export function assertNothingLacks(name: NamedEngine, adapter: string | undefined): void {
  const found = installed(name) ? engineTable[name].lack?.(adapter) : undefined;
  if (found !== undefined) throw lacking(name, found);
}

/** Returns false if a package is not installed or the machine lacks something: auto then skips the engine silently. */
export function worthTrying(name: NamedEngine, adapter: string | undefined): boolean {
  return installed(name) && engineTable[name].lack?.(adapter) === undefined;
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

function lacking(name: NamedEngine, found: string): Error {
  const provider = name.startsWith("onnx") ? name : "onnx-webgpu";
  const { needed, command } = onnxProviders[provider as keyof typeof onnxProviders];
  return unavailable({ problem: `${name} cannot be used`, found, needed, command });
}
