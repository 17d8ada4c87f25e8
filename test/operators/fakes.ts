/**
 * Implements source, convert, engine and sink in memory. Every asynchronous call passes one gate, where a test may
 * count, delay, fail, hang or unsubscribe it. The engine checks ownership: using or releasing a released tensor is
 * an error.
 */

import type { Block, Convert, ImageSink, ImageSource, Raster } from "../../src/image/raster.ts";
import type { DeviceTensor, Engine, KernelField, Restoration } from "../../src/model/engine.ts";
import { pickCells } from "../../src/model/engines/device-results.ts";
import { createLane } from "../../src/model/lane.ts";
import type { Rect } from "../../src/rect.ts";

export type CallName =
  | "read"
  | "convert"
  | "upload"
  | "estimate"
  | "flow"
  | "deconvolve"
  | "sample"
  | "restore"
  | "write";

/** A seeded generator of numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs everything that is ready, `turns` times. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

export interface Gate {
  /** Called by the fakes at the start of each call; the call continues when it resolves. */
  pass(name: CallName): Promise<void>;
  readonly calls: CallName[];
  pending(): number;
}

/** A gate that awaits `at(name, n)` at call number `n` (from 0). */
export function openGate(at: (name: CallName, n: number) => unknown = () => undefined): Gate {
  const calls: CallName[] = [];
  let pending = 0;
  return {
    calls,
    pending: () => pending,
    async pass(name) {
      const n = calls.push(name) - 1;
      pending++;
      try {
        await at(name, n);
      } finally {
        pending--;
      }
    },
  };
}

export interface Shape {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
}

export interface Image extends Shape {
  readonly samples: Raster["samples"];
}

function samplesFor(bits: 8 | 16, length: number): Raster["samples"] {
  return bits === 8 ? new Uint8Array(length) : new Uint16Array(length);
}

/** An image of noise over the whole range of its type. */
export function noiseImage(shape: Shape, seed = 1): Image {
  const random = seeded(seed);
  const samples = samplesFor(shape.bits, shape.width * shape.height * shape.channels);
  for (let i = 0; i < samples.length; i++) samples[i] = Math.floor(random() * 2 ** shape.bits);
  return { ...shape, samples };
}

export function memorySource(picture: Image, gate: Gate = openGate()): ImageSource {
  const { width, height, channels, bits } = picture;
  return {
    width,
    height,
    channels,
    sampleType: `uint${bits}`,
    async read(rect) {
      await gate.pass("read");
      const samples = samplesFor(bits, rect.width * rect.height * channels);
      for (let y = 0, i = 0; y < rect.height; y++) {
        for (let x = 0; x < rect.width * channels; x++, i++) {
          samples[i] = picture.samples[((rect.y + y) * width + rect.x) * channels + x] as number;
        }
      }
      return { width: rect.width, height: rect.height, channels, samples };
    },
  };
}

/** Planar 0..1; grey repeated three times, alpha dropped; padded by reflection without repeating the edge. */
export function memoryConvert(bits: 8 | 16, gate: Gate = openGate()): Convert {
  const reflect = (at: number, side: number): number => {
    const period = Math.max(1, 2 * (side - 1));
    const folded = at % period;
    return folded < side ? folded : period - folded;
  };
  return async (source, padded) => {
    await gate.pass("convert");
    const pixels = new Float32Array(3 * padded.width * padded.height);
    const colours = source.channels >= 3 ? 3 : 1;
    for (let channel = 0, i = 0; channel < 3; channel++) {
      for (let y = 0; y < padded.height; y++) {
        for (let x = 0; x < padded.width; x++, i++) {
          const pixel = reflect(y, source.height) * source.width + reflect(x, source.width);
          const sample = source.samples[pixel * source.channels + (channel % colours)] as number;
          pixels[i] = sample / (2 ** bits - 1);
        }
      }
    }
    return { source, pixels };
  };
}

export interface MemorySink extends ImageSink {
  readonly samples: Raster["samples"];
  /** The residual of each pixel as received: [3, height, width]. */
  readonly residual: Float32Array;
  /** Number of writes of each pixel. */
  readonly writes: Uint8Array;
  readonly rects: Rect[];
}

/** Output = source + scale · residual, rounded and clamped; grey gets the mean residual, alpha none. */
export function memorySink(shape: Shape, gate: Gate = openGate()): MemorySink {
  const { width, height, channels, bits } = shape;
  const scale = 2 ** bits - 1;
  const samples = samplesFor(bits, width * height * channels);
  const residual = new Float32Array(3 * width * height);
  const writes = new Uint8Array(width * height);
  const rects: Rect[] = [];
  const put = ({ rect, source, residual: planes }: Block): void => {
    const area = rect.width * rect.height;
    rects.push(rect);
    for (let i = 0; i < area; i++) {
      const pixel = (rect.y + Math.floor(i / rect.width)) * width + rect.x + (i % rect.width);
      const rgb = [0, 1, 2].map((c) => planes[c * area + i] as number);
      writes[pixel] = (writes[pixel] as number) + 1;
      for (let c = 0; c < 3; c++) residual[c * width * height + pixel] = rgb[c] as number;
      const mean = ((rgb[0] as number) + (rgb[1] as number) + (rgb[2] as number)) / 3;
      for (let c = 0; c < channels; c++) {
        const alpha = channels % 2 === 0 && c === channels - 1;
        const change = alpha ? 0 : channels < 3 ? mean : (rgb[c] as number);
        const value = Math.round((source.samples[i * channels + c] as number) + scale * change);
        samples[pixel * channels + c] = Math.min(Math.max(value, 0), scale);
      }
    }
  };
  return {
    samples,
    residual,
    writes,
    rects,
    async write(block) {
      await gate.pass("write");
      put(block);
    },
  };
}

/** A fake net: maps a tile's pixels [3, height, width] to a restoration. */
export type Net = (pixels: Float32Array, height: number, width: number) => Restoration;

export const identityNet: Net = (pixels) => ({ residual: new Float32Array(pixels.length), rms: 0 });
/** 1 − x, so the residual is 1 − 2x. */
export const negativeNet: Net = (pixels) => ({ residual: pixels.map((x) => 1 - 2 * x), rms: 0 });
/** Noise that depends only on the tile's pixels, with magnitudes that make float addition order-dependent. */
export const noisyNet: Net = (pixels) => {
  const random = seeded(pixels.reduce((hash, x) => (Math.imul(hash, 31) + x * 65535) | 0, 7));
  return { residual: pixels.map(() => (random() - 0.5) * 10 ** (random() * 6 - 3)), rms: 0 };
};

/**
 * With a kernel field, a cell's σ is the red of its first pixel, and channel c of its kernel is c + 1 times that.
 * In an image of distinct pixels a value then identifies its origin.
 */
export function fakeEngine(
  net: Net = identityNet,
  gate: Gate = openGate(),
  kernelField?: KernelField,
): Engine {
  const live = new Map<number, Float32Array<ArrayBuffer>>();
  let next = 0;
  const hold = (shape: DeviceTensor["shape"], values = new Float32Array(1)): DeviceTensor => {
    live.set(next, values);
    return { id: next++, shape };
  };
  const use = ({ id }: DeviceTensor): Float32Array<ArrayBuffer> => {
    const values = live.get(id);
    if (values === undefined) throw new Error(`tensor ${id} is not alive`);
    return values;
  };
  const fieldOf = ([, , height, width]: DeviceTensor["shape"], pixels: Float32Array) => {
    const { size, stride } = kernelField ?? { size: 1, stride: Math.max(height, width) };
    const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
    const first = Float32Array.from(
      { length: rows * columns },
      (_, i) => pixels[(Math.floor(i / columns) * width + (i % columns)) * stride] as number,
    );
    const kernels = Float32Array.from(
      { length: size ** 2 * first.length },
      (_, i) => (Math.floor(i / first.length) + 1) * (first[i % first.length] as number),
    );
    return {
      code: hold([1, size ** 2, rows, columns], kernels),
      sigma: hold([1, 1, rows, columns], first),
    };
  };
  return {
    identity: {
      engine: "fake",
      version: "1",
      precision: "float32",
      threads: 1,
      pooling: "global",
      noise: undefined,
      weights: "",
    },
    lane: createLane(),
    alignment: 16,
    kernelField,
    async upload(pixels, height, width) {
      await gate.pass("upload");
      return hold([1, 3, height, width], pixels);
    },
    async estimateKernels(image) {
      const pixels = use(image);
      await gate.pass("estimate");
      return fieldOf(image.shape, pixels);
    },
    async decodeFlow({ code, sigma }) {
      const kernels = use(code);
      use(sigma);
      await gate.pass("flow");
      return hold(code.shape, kernels);
    },
    async deconvolve(image, kernels, sigma) {
      for (const tensor of [image, kernels, sigma]) use(tensor);
      await gate.pass("deconvolve");
      return hold([1, 0, image.shape[2], image.shape[3]], new Float32Array());
    },
    async restore(image, kernels, change) {
      use(kernels);
      use(change);
      const pixels = use(image);
      await gate.pass("restore");
      return net(pixels, image.shape[2], image.shape[3]);
    },
    download: async (tensor) => use(tensor),
    async sample(tensor, cells) {
      const values = use(tensor);
      await gate.pass("sample");
      return pickCells(values, tensor.shape, cells);
    },
    release(...tensors) {
      for (const tensor of tensors) {
        use(tensor);
        live.delete(tensor.id);
      }
    },
    liveHandles: () => live.size,
    async dispose() {
      live.clear();
    },
  };
}
