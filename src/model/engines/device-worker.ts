/**
 * Runs the device thread, because a native `run()` blocks its event loop. Executes requests in order, keeps the
 * tensors and returns numbers; pixels are transferred, never copied.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { DeviceTensor } from "../engine.ts";
import type { Backend, BackendFacts, BackendOptions, NetFile } from "./backend.ts";
import { clampResidual, pickCells } from "./device-results.ts";
import { kernelNoise } from "./kernel-noise.ts";
import { isOnnxEngine } from "./onnx/providers.ts";
import { openImageNet } from "./open-image-net.ts";
import type {
  DeviceMethod,
  DeviceMethods,
  DeviceRequest,
  DeviceResponse,
  DeviceSettings,
} from "./protocol.ts";
import { lossOf } from "./runtime-failures.ts";

type Handlers = {
  [M in Exclude<DeviceMethod, "open">]: (
    ...args: DeviceMethods[M]["args"]
  ) => Promise<DeviceMethods[M]["result"]>;
};

const port = parentPort;
if (!port) throw new Error("the device worker must run as a worker thread");

const settings = workerData as DeviceSettings;
// Starts while the weights are still being read.
const loading = loadBackend(settings);
loading.catch(() => {});
/** Set by `open`; requests await it, and all of them fail if the backend cannot be opened. */
let serving: Promise<Handlers> | undefined;

let tail: Promise<void> = Promise.resolve();
port.on("message", (request: DeviceRequest) => {
  tail = tail.then(() => answer(request));
});

async function answer({ call, method, args }: DeviceRequest): Promise<void> {
  try {
    const result =
      method === "open" ? await open(...(args as [NetFile])) : await handle(method, args);
    port?.postMessage({ call, result } satisfies DeviceResponse, buffersOf(result));
  } catch (error) {
    const tag = error instanceof Error && "_tag" in error ? String(error._tag) : lossOf(error);
    const message = error instanceof Error ? error.message : String(error);
    port?.postMessage({ call, error: { tag, message } } satisfies DeviceResponse);
  }
  if (method === "dispose") port?.close();
}

async function handle(method: keyof Handlers, args: readonly unknown[]): Promise<unknown> {
  // Nothing was opened, so there is nothing to dispose.
  if (serving === undefined) return undefined;
  const handler = (await serving)[method] as (...args: readonly unknown[]) => Promise<unknown>;
  return handler(...args);
}

/** Opens the backend; resolves to its properties, possibly before its graphs are loaded. */
function open(net: NetFile): Promise<BackendFacts> {
  return new Promise((resolve, reject) => {
    const opening: Promise<Backend<unknown>> =
      net instanceof Uint8Array
        ? loading.then((openBackend) =>
            openBackend({ ...settings, weights: net, onKnown: resolve }),
          )
        : (openImageNet(settings.backend, net, settings) as Promise<Backend<unknown>>);
    serving = opening.then((backend) => {
      resolve(factsOf(backend));
      return serve(backend);
    });
    serving.catch(reject);
  });
}

function factsOf(backend: Backend<unknown>): BackendFacts {
  const { version, precision, adapter, largestTile, alignment, kernelField, net, usualTiles } =
    backend;
  return {
    ...{ version, precision, adapter, largestTile, alignment, kernelField },
    ...(net !== undefined && { net }),
    ...(usualTiles && { usualTiles }),
  };
}

/** The buffers to transfer with a result. */
function buffersOf(result: unknown): ArrayBuffer[] {
  const values =
    result instanceof Float32Array ? result : (result as { residual?: unknown })?.residual;
  return values instanceof Float32Array ? [values.buffer as ArrayBuffer] : [];
}

type OpenBackend = (options: BackendOptions) => Promise<Backend<unknown>>;

/** Loads the chosen runtime only. The tensors have the runtime's type and are treated as opaque here. */
async function loadBackend({ backend }: DeviceSettings): Promise<OpenBackend> {
  if (isOnnxEngine(backend)) {
    const { openOnnxBackend } = await import("./onnx/open-backend.ts");
    return (options) => openOnnxBackend(backend, options) as Promise<Backend<unknown>>;
  }
  const { openTfjsBackend } = await import("./tfjs/open-backend.ts");
  return (options) => openTfjsBackend(backend, options) as Promise<Backend<unknown>>;
}

function serve(backend: Backend<unknown>): Handlers {
  const tensors = new Map<number, unknown>();
  let next = 1;
  const keep = (tensor: unknown): DeviceTensor => {
    tensors.set(next, tensor);
    return { id: next++, shape: backend.shape(tensor) };
  };
  const tensor = (id: number): unknown => {
    if (!tensors.has(id)) throw new Error(`tensor ${id} does not exist on the device`);
    return tensors.get(id);
  };
  return {
    ready: async () => undefined,
    upload: async (pixels, height, width) => keep(backend.upload(pixels, height, width)),
    async estimateKernels(image) {
      const { code, sigma } = await backend.estimateKernels(tensor(image));
      return { code: keep(code), sigma: keep(sigma) };
    },
    async decodeFlow(code, sigma, origin) {
      const { noise: seed } = settings;
      const kernelStride = backend.kernelField?.stride;
      const shape = backend.shape(tensor(code));
      const noise =
        seed === undefined || kernelStride === undefined
          ? undefined
          : kernelNoise({ seed, origin, kernelStride, shape });
      return keep(await backend.decodeFlow(tensor(code), tensor(sigma), noise));
    },
    deconvolve: async (image, kernels, sigma) =>
      keep(await backend.deconvolve(tensor(image), tensor(kernels), tensor(sigma))),
    async restore(image, kernels, change) {
      const residual = await backend.restore(tensor(image), tensor(kernels), tensor(change));
      return clampResidual(await backend.read(tensor(image)), residual);
    },
    download: async (id) => (await backend.read(tensor(id))).slice(),
    async sample(id, cells) {
      const held = tensor(id);
      return pickCells(await backend.read(held), backend.shape(held), cells);
    },
    async release(ids) {
      for (const id of ids) {
        backend.release(tensor(id));
        tensors.delete(id);
      }
    },
    async dispose() {
      for (const value of tensors.values()) backend.release(value);
      await backend.dispose();
    },
  };
}
