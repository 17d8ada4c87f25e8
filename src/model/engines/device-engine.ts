/**
 * Implements an engine whose net runs in a thread of its own: each call is a message, and buffers are transferred.
 */
import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import { integer } from "../../check.ts";
import { DeviceLostError, OptionError, UnavailableError, WeightsError } from "../../errors.ts";
import type { DeviceTensor, Engine, EnginePrecision, Pooling } from "../engine.ts";
import { createLane } from "../lane.ts";
import type { NetFile } from "./backend.ts";
import { largestSeed } from "./kernel-noise.ts";
import { isOnnxEngine } from "./onnx/providers.ts";
import type {
  BackendName,
  DeviceMethod,
  DeviceMethods,
  DeviceResponse,
  DeviceSettings,
} from "./protocol.ts";
import { isTensorFlow, setTensorFlowVariables } from "./tfjs/tensorflow-library.ts";

/** Options of an engine that runs in a thread of its own. */
export interface DeviceEngineOptions {
  readonly backend: BackendName;
  /** A net, copied to the device thread, or a promise of one: the thread starts in the meantime. */
  readonly weights: NetFile | Promise<NetFile>;
  readonly pooling: Pooling;
  /** Threads per operation; 0: the runtime chooses. */
  readonly threads: number;
  /** Part of an adapter's name (WebGPU), or a device's number (CUDA, DirectML); by default the runtime chooses. */
  readonly adapter?: string | undefined;
  /** Seed of the noise in the kernels' codes, 0 to 2³² − 1; undefined: no noise. */
  readonly noise?: number | undefined;
  /** int8 requires ONNX Runtime on the processor and calibrated weights; float32 by default. */
  readonly precision?: EnginePrecision | undefined;
  /** The thread's script; by default the built one beside this file. */
  readonly entry?: URL;
}

/** Time limit for a thread outside native calls to end by itself, before it is terminated. */
const disposeGraceMs = 2_000;

/** An engine whose graphs may still be loading; calls wait until they are loaded. */
export interface BegunEngine {
  readonly engine: Engine;
  /** Resolves when the graphs are loaded; rejects if they cannot be. */
  readonly ready: Promise<void>;
}

/**
 * Starts the device thread and loads the net in it. The caller disposes the engine.
 * @throws OptionError if the seed is invalid or the engine does not support the precision; UnavailableError if the
 *   runtime cannot be loaded; WeightsError if the weights are invalid
 */
export async function openDeviceEngine(options: DeviceEngineOptions): Promise<Engine> {
  return whenOpened(await beginDeviceEngine(options));
}

/** Resolves to the engine when it is ready; disposes it if it fails. @throws the error of `ready` */
export async function whenOpened({ engine, ready }: BegunEngine): Promise<Engine> {
  try {
    await ready;
    return engine;
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/**
 * As `openDeviceEngine`, but resolves as soon as the runtime is loaded and the weights are known to fit the net.
 * The caller disposes the engine, also if `ready` rejects.
 * @throws as `openDeviceEngine`, and the error of the promise of weights
 */
export async function beginDeviceEngine(options: DeviceEngineOptions): Promise<BegunEngine> {
  const {
    entry = new URL("./device-worker.js", import.meta.url),
    noise,
    adapter: wanted,
    precision: asked = "float32",
    weights,
    ...settings
  } = options;
  if (noise !== undefined) integer("noise", noise, 0, largestSeed);
  if (asked === "int8" && options.backend !== "onnx") {
    throw new OptionError(
      `Expected engine onnx for precision int8 but received ${options.backend}`,
    );
  }
  // Disables ONNX Runtime's telemetry unless the user set the variable: images are private. A worker's environment
  // is a copy that native code does not read, so it is set here.
  process.env["ORT_DISABLE_TELEMETRY"] ??= "1";
  // Likewise, disables TF32 in NVIDIA's libraries, which would round the factors of products to 10 bits.
  process.env["NVIDIA_TF32_OVERRIDE"] ??= "0";
  if (isTensorFlow(options.backend)) setTensorFlowVariables();
  const thread = startThread(entry, { ...settings, adapter: wanted, noise, precision: asked });
  try {
    const file = await weights;
    const opening = thread.call("open", [file]);
    // Computed here while the other thread loads the net.
    const hash = hashOf(file);
    const { version, precision, adapter, largestTile, alignment, kernelField, net, usualTiles } =
      await opening;
    const ready = thread.call("ready", []);
    // Avoids an unhandled rejection; the owner of the engine awaits it.
    ready.catch(() => {});
    const engine = createEngine(
      thread,
      {
        ...{ alignment, kernelField },
        ...(largestTile !== undefined && { largestTile }),
        ...(usualTiles && { usualTiles }),
      },
      {
        engine: options.backend,
        version,
        precision,
        ...(adapter !== undefined && { adapter }),
        threads: options.threads,
        pooling: options.pooling,
        noise,
        weights: hash,
        ...(net !== undefined && { net }),
      },
    );
    return { engine, ready };
  } catch (error) {
    await thread.end();
    throw error;
  }
}

/** SHA-256, hex; of a graph model's description and values. */
function hashOf(file: NetFile): string {
  const hash = createHash("sha256");
  if (file instanceof Uint8Array) hash.update(file);
  else hash.update(file.model).update(file.values);
  return hash.digest("hex");
}

function createEngine(
  thread: DeviceThread,
  net: Pick<Engine, "alignment" | "kernelField" | "largestTile" | "usualTiles">,
  identity: Engine["identity"],
): Engine {
  const live = new Set<number>();
  const hold = (tensor: DeviceTensor): DeviceTensor => {
    live.add(tensor.id);
    return tensor;
  };
  let disposed: Promise<void> | undefined;
  return {
    identity,
    ...net,
    lane: createLane(),
    upload: async (pixels, height, width) =>
      hold(await thread.call("upload", [pixels, height, width], [pixels.buffer])),
    async estimateKernels(image) {
      const { code, sigma } = await thread.call("estimateKernels", [image.id]);
      return { code: hold(code), sigma: hold(sigma) };
    },
    decodeFlow: async ({ code, sigma }, { x, y } = { x: 0, y: 0 }) =>
      hold(await thread.call("decodeFlow", [code.id, sigma.id, { x, y }])),
    deconvolve: async (image, kernels, sigma) =>
      hold(await thread.call("deconvolve", [image.id, kernels.id, sigma.id])),
    restore: (image, kernels, change) => thread.call("restore", [image.id, kernels.id, change.id]),
    download: (tensor) => thread.call("download", [tensor.id]),
    sample: (tensor, cells) => thread.call("sample", [tensor.id, cells]),
    release(...tensors) {
      const ids = tensors.map(({ id }) => id).filter((id) => live.delete(id));
      // After the thread has ended there is nothing to release.
      if (ids.length > 0) thread.call("release", [ids]).catch(() => {});
    },
    liveHandles: () => live.size,
    dispose() {
      disposed ??= thread.end().then(() => live.clear());
      return disposed;
    },
  };
}

interface DeviceThread {
  call<M extends DeviceMethod>(
    method: M,
    args: DeviceMethods[M]["args"],
    move?: readonly ArrayBuffer[],
  ): Promise<DeviceMethods[M]["result"]>;
  end(): Promise<void>;
}

function startThread(entry: URL, settings: DeviceSettings): DeviceThread {
  const worker = new Worker(entry, { workerData: settings });
  const pending = new Map<number, PromiseWithResolversLike>();
  let ended: Error | undefined;
  let next = 0;
  const fail = (error: Error): void => {
    ended ??= error;
    for (const { reject } of pending.values()) reject(ended);
    pending.clear();
  };
  const exited = new Promise<void>((resolve) => {
    worker.once("exit", (code) => {
      fail(new UnavailableError(`the device thread has ended (exit code ${code})`));
      resolve();
    });
  });
  worker.on("error", (cause) => {
    fail(new UnavailableError(`the device thread has failed: ${cause.message}`, { cause }));
  });
  worker.on("message", ({ call, result, error }: DeviceResponse) => {
    const waiting = pending.get(call);
    pending.delete(call);
    if (error) waiting?.reject(revive(error));
    else waiting?.resolve(result);
  });
  const call: DeviceThread["call"] = (method, args, move = []) =>
    new Promise((resolve, reject) => {
      if (ended) return reject(ended);
      pending.set(next, { resolve: resolve as (value: unknown) => void, reject });
      worker.postMessage({ call: next, method, args }, [...move]);
      next++;
    });
  return {
    call,
    async end() {
      const answered = call("dispose", []).catch(() => {});
      // A native call cannot be interrupted. Terminating a thread during a call of ONNX Runtime aborts the process
      // (134).
      if (isOnnxEngine(settings.backend)) await answered;
      const timer = setTimeout(() => void worker.terminate(), disposeGraceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

interface PromiseWithResolversLike {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Errors lose their class between threads; the classes that callers distinguish are restored here. */
function revive({ tag, message }: { tag: string; message: string }): Error {
  if (tag === "WeightsError") return new WeightsError(message);
  if (tag === "UnavailableError") return new UnavailableError(message);
  if (tag === "DeviceLostError") return new DeviceLostError(message);
  return new Error(message);
}

/**
 * Opens ONNX Runtime on the processor. The caller disposes the engine.
 *
 *     const weights = await readFile("weights.safetensors");
 *     const engine = await openOnnxEngine({ weights, pooling: "global", threads: 0 });
 *
 * @throws UnavailableError if ONNX Runtime cannot be loaded, WeightsError if the weights are invalid
 */
export function openOnnxEngine(options: Omit<DeviceEngineOptions, "backend">): Promise<Engine> {
  return openDeviceEngine({ backend: "onnx", ...options });
}

/**
 * Opens TensorFlow.js on WebAssembly, which computes with one thread. The caller disposes the engine.
 * @throws UnavailableError if WebAssembly cannot be started, WeightsError if the weights are invalid
 */
export function openWasmEngine(
  options: Omit<DeviceEngineOptions, "backend" | "threads">,
): Promise<Engine> {
  return openDeviceEngine({ backend: "tfjs-wasm", threads: 1, ...options });
}
