/**
 * The device thread: a native `run()` blocks its event loop, so it has one to itself. Takes requests in
 * order, keeps the tensors, answers with numbers; pixels are moved, never copied.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { DeviceTensor } from "../engine.ts";
import { clampResidual } from "../residual.ts";
import type { Backend } from "./backend.ts";
import { lossOf } from "./device-loss.ts";
import { kernelNoise } from "./kernel-noise.ts";
import { isOnnxEngine } from "./onnx-providers.ts";
import { pickCells } from "./pick-cells.ts";
import type { DeviceMethods, DeviceRequest, DeviceResponse, DeviceSettings } from "./protocol.ts";

type Handlers = {
  [M in keyof DeviceMethods]: (
    ...args: DeviceMethods[M]["args"]
  ) => Promise<DeviceMethods[M]["result"]>;
};

const port = parentPort;
if (!port) throw new Error("the device worker runs as a worker thread");

// The backend opens while requests wait in line; its failure answers `ready`.
const handlers = serve(workerData as DeviceSettings);
handlers.catch(() => {});

let tail: Promise<void> = Promise.resolve();
port.on("message", (request: DeviceRequest) => {
  tail = tail.then(() => answer(request));
});

async function answer({ call, method, args }: DeviceRequest): Promise<void> {
  try {
    const handler = (await handlers)[method] as (...args: unknown[]) => Promise<unknown>;
    const result = await handler(...args);
    port?.postMessage({ call, result } satisfies DeviceResponse, buffersOf(result));
  } catch (error) {
    const tag = error instanceof Error && "_tag" in error ? String(error._tag) : lossOf(error);
    const message = error instanceof Error ? error.message : String(error);
    port?.postMessage({ call, error: { tag, message } } satisfies DeviceResponse);
  }
  if (method === "dispose") port?.close();
}

/** The buffers to move with an answer. */
function buffersOf(result: unknown): ArrayBuffer[] {
  const values =
    result instanceof Float32Array ? result : (result as { residual?: unknown })?.residual;
  return values instanceof Float32Array ? [values.buffer as ArrayBuffer] : [];
}

/** Loads the runtime that was chosen and no other. Tensors have its type; here they are only passed on. */
async function openBackend(settings: DeviceSettings): Promise<Backend<unknown>> {
  const { backend } = settings;
  return isOnnxEngine(backend)
    ? (await import("./onnx-backend.ts")).openOnnxBackend(backend, settings)
    : (await import("./tfjs-backend.ts")).openTfjsBackend(backend, settings);
}

async function serve(settings: DeviceSettings): Promise<Handlers> {
  const backend = await openBackend(settings);
  const tensors = new Map<number, unknown>();
  let next = 1;
  const keep = (tensor: unknown): DeviceTensor => {
    tensors.set(next, tensor);
    return { id: next++, shape: backend.shape(tensor) };
  };
  const tensor = (id: number): unknown => {
    if (!tensors.has(id)) throw new Error(`there is no tensor ${id} on the device`);
    return tensors.get(id);
  };
  return {
    ready: async () => {
      const { version, precision, adapter, largestTile, alignment, kernelField } = backend;
      return { version, precision, adapter, largestTile, alignment, kernelField };
    },
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
    async restore(image, kernels) {
      const residual = await backend.restore(tensor(image), tensor(kernels));
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
