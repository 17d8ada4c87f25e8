/** Implements the engine whose net is the identity (residual 0), for copying images and for tests. */
import { freeBuffers } from "../../free-buffers.ts";
import type { DeviceTensor, Engine } from "../engine.ts";
import { createLane } from "../lane.ts";

/**
 * An engine that changes nothing. Its `alignment` is that of the published nets, 16. It runs on the caller's
 * thread.
 */
export function openCopyEngine(): Engine {
  /** Live handles, with the buffers uploaded for them. */
  const live = new Map<number, Float32Array<ArrayBuffer> | undefined>();
  let next = 0;
  const hold = (shape: DeviceTensor["shape"], pixels?: Float32Array<ArrayBuffer>): DeviceTensor => {
    const id = next++;
    live.set(id, pixels);
    return { id, shape };
  };
  return {
    identity: {
      engine: "copy",
      version: "1",
      precision: "float32",
      threads: 1,
      pooling: "global",
      noise: undefined,
      weights: "",
    },
    lane: createLane(),
    alignment: 16,
    kernelField: undefined,
    upload: async (pixels, height, width) => hold([1, 3, height, width], pixels),
    estimateKernels: async () => ({ code: hold([1, 1, 1, 1]), sigma: hold([1, 1, 1, 1]) }),
    decodeFlow: async () => hold([1, 1, 1, 1]),
    deconvolve: async () => hold([1, 1, 1, 1]),
    async restore(image) {
      const [, channels, height, width] = image.shape;
      return { residual: new Float32Array(channels * height * width), rms: 0 };
    },
    download: async ({ shape }) => new Float32Array(shape.reduce((a, b) => a * b)),
    sample: async ({ shape }, cells) => new Float32Array(shape[1] * cells.length),
    release(...tensors) {
      for (const { id } of tensors) {
        const pixels = live.get(id);
        if (pixels) freeBuffers(pixels);
        live.delete(id);
      }
    },
    liveHandles: () => live.size,
    async dispose() {
      live.clear();
    },
  };
}
