import { describe, expect, it } from "vitest";
import { InputError, OptionError } from "../../src/errors.ts";
import { bufferSink, bufferSource } from "../../src/image/buffer.ts";
import { openPool } from "../../src/io/pool/pool.ts";
import { openCopyEngine } from "../../src/model/engines/copy.ts";
import { deblurBuffer } from "../../src/pipeline/deblur-buffer.ts";
import { fakeEngine, negativeNet, noiseImage, openGate } from "../operators/fakes.ts";

const entry = new URL("../../dist/src/pool-worker.js", import.meta.url);
const shape = { width: 70, height: 50, channels: 3, bits: 8 } as const;
const image = noiseImage(shape);
const tiles = { tile: 32, halo: 0 };

async function withPool<T>(use: (pool: ReturnType<typeof openPool>) => Promise<T>): Promise<T> {
  const pool = openPool({ threads: 1, entry });
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}

describe("deblurBuffer", () => {
  it.each([1, 2, 3, 4] as const)(
    "returns the same samples if the net changes nothing (%i channels)",
    (channels) =>
      withPool(async (pool) => {
        for (const bits of [8, 16] as const) {
          const { samples } = noiseImage({ ...shape, channels, bits });
          const raster = { width: 70, height: 50, channels, samples };
          const engine = openCopyEngine();
          const restored = await deblurBuffer(raster, tiles, { engine, pool });
          expect(restored).toEqual(raster);
          expect(restored.samples).not.toBe(samples);
        }
      }),
  );

  it("adds the net's residual to a copy, here to the exact negative", () =>
    withPool(async (pool) => {
      const before = image.samples.slice();
      const engine = fakeEngine(negativeNet);
      const { samples } = await deblurBuffer(image, tiles, { engine, pool });
      expect(samples).toEqual(image.samples.map((value) => 255 - value));
      expect(image.samples).toEqual(before);
      expect(engine.liveHandles()).toBe(0);
    }));

  it("leaves the caller's engine and pool open, also for others at the same time", () =>
    withPool(async (pool) => {
      const engine = fakeEngine(negativeNet);
      const negatives = () =>
        Promise.all([1, 2, 3].map(() => deblurBuffer(image, tiles, { engine, pool })));
      const [first] = await negatives();
      const [second] = await negatives();
      expect(second).toEqual(first);
    }));

  it("fails with the signal's reason, and leaves nothing on the engine", () =>
    withPool(async (pool) => {
      const stop = new AbortController();
      const reason = new Error("enough");
      const gate = openGate((name, n) => name === "restore" && n > 10 && stop.abort(reason));
      const engine = fakeEngine(negativeNet, gate);
      const running = deblurBuffer(image, tiles, { engine, pool, signal: stop.signal });
      await expect(running).rejects.toBe(reason);
      await pool.close();
      expect(engine.liveHandles()).toBe(0);
    }));

  it("refuses wrong samples and unknown options before it opens anything", async () => {
    const engine = openCopyEngine();
    const short = { width: 70, height: 50, channels: 3, samples: new Uint8Array(7) };
    await expect(deblurBuffer(short, {}, { engine })).rejects.toThrow(
      new InputError("picture in memory", "Expected 70×50×3 samples but found 7"),
    );
    await expect(deblurBuffer(image, { tile: 17 }, { engine })).rejects.toThrow(OptionError);
  });
});

describe("bufferSource and bufferSink", () => {
  it("read a rectangle unchanged, and write a block to its position", async () => {
    const samples = Uint16Array.from({ length: 5 * 4 * 3 }, (_, i) => i);
    const source = bufferSource({ width: 5, height: 4, channels: 3, samples });
    const rect = { x: 1, y: 2, width: 2, height: 1 };
    const { signal } = new AbortController();
    const part = await source.read(rect, { signal });
    expect([...part.samples]).toEqual([33, 34, 35, 36, 37, 38]);
    const sink = bufferSink(source);
    await sink.write({ rect, source: part, residual: new Float32Array(6) }, { signal });
    expect(Array.from(sink.samples).filter((value) => value > 0)).toEqual([...part.samples]);
    expect(sink.samples[33]).toBe(33);
  });
});
