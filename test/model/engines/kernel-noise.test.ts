import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OptionError } from "../../../src/errors.ts";
import type { Engine } from "../../../src/model/engine.ts";
import { openOnnxEngine, openWasmEngine } from "../../../src/model/engines/device-engine.ts";
import { kernelNoise } from "../../../src/model/engines/kernel-noise.ts";
import { referenceNets } from "../../fixtures/reference.ts";
import { error, pseudoRandom } from "../compare.ts";

const entry = new URL("../../../dist/src/model/engines/device-worker.js", import.meta.url);
const [reference] = referenceNets();
if (!reference) throw new Error("there is no reference net");
const weights = readFileSync(reference.weightsPath);
/** Number of channels of the reference net's kernels; one kernel per pixel. */
const channels = 49;

describe("the noise of a tile's kernels", () => {
  it("is equal in every cell where tiles overlap", () => {
    const steps = fc.record({ x: fc.nat(3), y: fc.nat(3) });
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 4), steps, steps, (kernelStride, first, step) => {
        const side = 64 / kernelStride;
        const draw = (x: number, y: number) => {
          const noise = kernelNoise({
            ...{ seed: 3, origin: { x, y }, kernelStride },
            shape: [1, 5, side, side],
          });
          /** The noise at a pixel of the whole image. */
          return (c: number, px: number, py: number) =>
            noise[(c * side + (py - y) / kernelStride) * side + (px - x) / kernelStride];
        };
        const [ax, ay] = [16 * first.x, 16 * first.y];
        const [bx, by] = [ax + 16 * step.x, ay + 16 * step.y];
        const [a, b] = [draw(ax, ay), draw(bx, by)];
        for (let y = by; y < ay + 64; y += kernelStride) {
          for (let x = bx; x < ax + 64; x += kernelStride) {
            for (let c = 0; c < 5; c++) expect(b(c, x, y)).toBe(a(c, x, y));
          }
        }
      }),
      { numRuns: 10 },
    );
  });

  it("is rejected for positions off the cells", () => {
    const draw = (x: number) =>
      kernelNoise({ seed: 0, origin: { x, y: 0 }, kernelStride: 4, shape: [1, 1, 1, 1] });
    expect(draw(8)).toHaveLength(1);
    expect(() => draw(6)).toThrow(
      "expected a tile at multiples of 4 pixels but found one at (6, 0)",
    );
    expect(() => draw(-4)).toThrow(RangeError);
  });
});

describe("an engine opened with noise", () => {
  const image = pseudoRandom(3 * 32 * 32).map((v) => 0.5 + 0.5 * v);
  const settings = { weights, pooling: "global", entry } as const;
  const open = {
    silent: () => openOnnxEngine({ ...settings, threads: 1 }),
    seven: () => openOnnxEngine({ ...settings, threads: 1, noise: 7 }),
    eight: () => openOnnxEngine({ ...settings, threads: 1, noise: 8 }),
    wasm: () => openWasmEngine({ ...settings, noise: 7 }),
  };
  const engines = new Map<string, Engine>();
  beforeAll(async () => {
    for (const [name, opening] of Object.entries(open)) engines.set(name, await opening());
  });
  afterAll(async () => {
    for (const engine of engines.values()) await engine.dispose();
  });

  /** Code, σ and kernels of the image as a tile that begins at the given position. */
  async function passage(name: keyof typeof open, origin?: { x: number; y: number }) {
    const engine = engines.get(name) as Engine;
    const tile = await engine.upload(image.slice(), 32, 32);
    const codes = await engine.estimateKernels(tile);
    const kernels = await engine.decodeFlow(codes, origin);
    const values = {
      code: await engine.download(codes.code),
      sigma: await engine.download(codes.sigma),
      kernels: await engine.download(kernels),
    };
    engine.release(tile, codes.code, codes.sigma, kernels);
    expect(engine.liveHandles()).toBe(0);
    return values;
  }

  it("has its seed in its identity", () => {
    expect(engines.get("seven")?.identity.noise).toBe(7);
    expect(engines.get("wasm")?.identity.noise).toBe(7);
    expect(engines.get("silent")?.identity.noise).toBeUndefined();
  });

  it("samples the same kernels again, different ones with another seed or position, never the mean", async () => {
    const origin = { x: 64, y: 16 };
    const seven = await passage("seven", origin);
    expect((await passage("seven", origin)).kernels).toEqual(seven.kernels);
    expect((await passage("seven")).kernels).toEqual(
      (await passage("seven", { x: 0, y: 0 })).kernels,
    );
    const others = [
      (await passage("eight", origin)).kernels,
      (await passage("seven", { x: 16, y: 64 })).kernels,
      (await passage("silent", origin)).kernels,
    ];
    for (const other of others) expect(other).not.toEqual(seven.kernels);
  });

  it("without noise decodes the same at every position", async () => {
    const [here, there] = [await passage("silent"), await passage("silent", { x: 64, y: 16 })];
    expect(there.kernels).toEqual(here.kernels);
  });

  it("gives the same noise in every engine", async () => {
    const origin = { x: 32, y: 48 };
    const [onnx, wasm] = [await passage("seven", origin), await passage("wasm", origin)];
    const flat = (data: Float32Array) => ({ data, shape: [data.length] });
    expect(onnx.kernels).toHaveLength(channels * 32 * 32);
    expect(error(flat(wasm.kernels), flat(onnx.kernels))).toBeLessThanOrEqual(1e-3);
  });

  it.each([-1, 2 ** 32, 0.5, Number.NaN])("rejects the seed %d", async (noise) => {
    await expect(openOnnxEngine({ ...settings, threads: 1, noise })).rejects.toThrow(OptionError);
  });
});
