/** An Engine whose net runs in a thread of its own: every call is a message, every buffer is moved. */
import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import { integer } from "../../check.ts";
import { DeviceLostError, OptionError, UnavailableError, WeightsError } from "../../errors.ts";
import type { DeviceTensor, Engine, EnginePrecision, Pooling } from "../engine.ts";
import { createLane } from "../lane.ts";
import { largestSeed } from "./kernel-noise.ts";
import { isOnnxEngine } from "./onnx-providers.ts";
import type {
  BackendName,
  DeviceMethod,
  DeviceMethods,
  DeviceResponse,
  DeviceSettings,
} from "./protocol.ts";

/** What an engine in a thread of its own is opened with. */
export interface DeviceEngineOptions {
  readonly backend: BackendName;
  /** A safetensors file, copied to the device thread, or the promise of one: the thread starts meanwhile. */
  readonly weights: Uint8Array | Promise<Uint8Array>;
  readonly pooling: Pooling;
  /** Threads of one operation; 0 lets the runtime choose. */
  readonly threads: number;
  /** Part of an adapter's name (WebGPU), or a device's number (CUDA, DirectML); the runtime chooses unless said. */
  readonly adapter?: string | undefined;
  /** Seed of the noise in the kernels' codes, 0 to 2³² − 1; without noise unless said. */
  readonly noise?: number | undefined;
  /** int8: of ONNX Runtime on the processor, with weights that were calibrated; float32 unless said. */
  readonly precision?: EnginePrecision | undefined;
  /** The thread's script; the built one beside this file unless said. */
  readonly entry?: URL;
}

/** How long a thread that was asked to end, and is in no native call, may take before it is ended. */
const disposeGraceMs = 2_000;

/** An engine whose graphs may still be put in place; what it is asked for waits until they are. */
export interface BegunEngine {
  readonly engine: Engine;
  /** Settles when they are in place, or cannot be. */
  readonly ready: Promise<void>;
}

/**
 * Starts the device thread and opens the net in it. The caller disposes the engine.
 * @throws OptionError where the seed is none, or the engine has no such precision; UnavailableError where the runtime cannot be loaded, WeightsError where the weights are wrong
 */
export async function openDeviceEngine(options: DeviceEngineOptions): Promise<Engine> {
  return whenOpened(await beginDeviceEngine(options));
}

/** The engine, once it is open; where it cannot be, it is disposed. @throws what `opened` rejects with */
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
 * As `openDeviceEngine`, but resolves when it is known what the engine is: the runtime is there and the weights fit
 * the net. The caller disposes the engine, also where `opened` rejects.
 * @throws as `openDeviceEngine`, and what the promise of weights rejects with
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
  // ONNX Runtime reports its use to its makers unless told not to; pictures are nobody's business. A worker's
  // own environment is a copy that native code does not see, so it is said here.
  process.env["ORT_DISABLE_TELEMETRY"] ??= "1";
  // Likewise: NVIDIA's libraries round factors of products to 10 bits where they are not told to leave them.
  process.env["NVIDIA_TF32_OVERRIDE"] ??= "0";
  const thread = startThread(entry, { ...settings, adapter: wanted, noise, precision: asked });
  try {
    const bytes = await weights;
    const opening = thread.call("open", [bytes]);
    // Here, while the other thread has its own work.
    const hash = createHash("sha256").update(bytes).digest("hex");
    const { version, precision, adapter, largestTile, alignment, kernelField } = await opening;
    const ready = thread.call("ready", []);
    // Waited for by whoever has the engine.
    ready.catch(() => {});
    const engine = createEngine(
      thread,
      { alignment, kernelField, ...(largestTile !== undefined && { largestTile }) },
      {
        engine: options.backend,
        version,
        precision,
        ...(adapter !== undefined && { adapter }),
        threads: options.threads,
        pooling: options.pooling,
        noise,
        weights: hash,
      },
    );
    return { engine, ready };
  } catch (error) {
    await thread.end();
    throw error;
  }
}

function createEngine(
  thread: DeviceThread,
  net: Pick<Engine, "alignment" | "kernelField" | "largestTile">,
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
    restore: (image, kernels) => thread.call("restore", [image.id, kernels.id]),
    download: (tensor) => thread.call("download", [tensor.id]),
    sample: (tensor, cells) => thread.call("sample", [tensor.id, cells]),
    release(...tensors) {
      const ids = tensors.map(({ id }) => id).filter((id) => live.delete(id));
      // After the thread's end there is nothing to release.
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
      // A native call cannot be broken off: ended in one of ONNX Runtime's, a thread takes the process with it (134).
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

/** Errors lose their class between threads; the ones callers tell apart get it back. */
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
 * @throws UnavailableError where ONNX Runtime cannot be loaded, WeightsError where the weights are wrong
 */
export function openOnnxEngine(options: Omit<DeviceEngineOptions, "backend">): Promise<Engine> {
  return openDeviceEngine({ backend: "onnx", ...options });
}

/**
 * Opens TensorFlow.js on WebAssembly; computes with one thread. The caller disposes the engine.
 * @throws UnavailableError where WebAssembly cannot be started, WeightsError where the weights are wrong
 */
export function openWasmEngine(
  options: Omit<DeviceEngineOptions, "backend" | "threads">,
): Promise<Engine> {
  return openDeviceEngine({ backend: "tfjs-wasm", threads: 1, ...options });
}
