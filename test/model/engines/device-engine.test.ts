/** Compares the WebAssembly engine in its thread with ONNX Runtime's. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UnavailableError, WeightsError } from "../../../src/errors.ts";
import type { Engine, Pooling } from "../../../src/model/engine.ts";
import { openOnnxEngine, openWasmEngine } from "../../../src/model/engines/device-engine.ts";
import { parameters } from "../../../src/model/graph/graph.ts";
import { restoreGraph } from "../../../src/model/nets/ufpnet.ts";
import { writeSafetensors } from "../../../src/model/weights/write-safetensors.ts";
import { referenceNets } from "../../fixtures/reference.ts";
import { error, pseudoRandom } from "../compare.ts";

const entry = new URL("../../../dist/src/model/engines/device-worker.js", import.meta.url);
const [reference] = referenceNets();
if (!reference) throw new Error("there is no reference net");
const bytes = readFileSync(reference.weightsPath);
const tolerance = 1e-4;

const pixels = (height: number, width: number) =>
  pseudoRandom(3 * height * width).map((v) => 0.5 + 0.5 * v);

/** Runs one tile through the stages and releases everything; returns the results. */
async function passage(engine: Engine, image: Float32Array<ArrayBuffer>, h: number, w: number) {
  const tile = await engine.upload(image.slice(), h, w);
  const codes = await engine.estimateKernels(tile);
  const kernels = await engine.decodeFlow(codes);
  const change = await engine.deconvolve(tile, kernels, codes.sigma);
  const { residual, rms } = await engine.restore(tile, kernels, change);
  const result = {
    uploaded: await engine.download(tile),
    code: await engine.download(codes.code),
    kernels: await engine.download(kernels),
    residual,
    rms,
    shapes: [tile, codes.code, codes.sigma, kernels].map(({ shape }) => shape),
  };
  engine.release(tile, codes.code, codes.sigma, kernels, change);
  return result;
}

const flat = (data: Float32Array) => ({ data, shape: [data.length] });

describe.each<Pooling>(["global", "tlc"])("the wasm engine, %s pooling", (pooling) => {
  let wasm: Engine;
  let onnx: Engine;
  beforeAll(async () => {
    wasm = await openWasmEngine({ weights: bytes, pooling, entry });
    onnx = await openOnnxEngine({ weights: bytes, pooling, entry, threads: 1 });
  });
  afterAll(async () => {
    await wasm.dispose();
    await onnx.dispose();
  });

  it.each([
    [16, 16],
    [16, 48],
    [80, 32],
  ])("agrees with ONNX Runtime on %i×%i", async (h, w) => {
    const image = pixels(h, w);
    const [ours, theirs] = [await passage(wasm, image, h, w), await passage(onnx, image, h, w)];
    expect(ours.uploaded).toEqual(image);
    expect(ours.shapes).toEqual(theirs.shapes);
    // Not the kernels: σ of noise is within 1e-7 of 1, where √(1 − σ²) depends on rounding.
    for (const field of ["code", "residual"] as const) {
      expect(error(flat(ours[field]), flat(theirs[field]))).toBeLessThanOrEqual(tolerance);
    }
    expect(ours.rms).toBeCloseTo(theirs.rms, 4);
    expect(wasm.liveHandles()).toBe(0);
  });

  it("takes a tile of one pixel replicated to 16×16", async () => {
    const image = new Float32Array(3 * 16 * 16).fill(0.4);
    const [ours, theirs] = [await passage(wasm, image, 16, 16), await passage(onnx, image, 16, 16)];
    expect(error(flat(ours.residual), flat(theirs.residual))).toBeLessThanOrEqual(tolerance);
  });

  it("reports its identity", () => {
    expect(wasm.identity).toMatchObject({
      engine: "tfjs-wasm",
      version: "tfjs-backend-wasm 4.22.0",
      threads: 1,
      pooling,
      weights: onnx.identity.weights,
    });
    expect(wasm.alignment).toBe(16);
  });

  it("rejects a released tensor with its number", async () => {
    const tile = await wasm.upload(pixels(16, 16), 16, 16);
    wasm.release(tile);
    await expect(wasm.estimateKernels(tile)).rejects.toThrow(`tensor ${tile.id} does not exist`);
  });
});

describe("opening an engine", () => {
  it.each([
    ["wasm", openWasmEngine],
    ["onnx", openOnnxEngine],
  ] as const)("fails with the problem of the weights: %s", async (_, open) => {
    const options = { pooling: "global", entry, threads: 1 } as const;
    const attempt = open({ ...options, weights: bytes.subarray(0, 1000) });
    await expect(attempt).rejects.toThrow(WeightsError);
  });

  it("fails with a one-line message if the thread cannot start", async () => {
    const missing = new URL("../../../dist/no-such-worker.js", import.meta.url);
    const attempt = openWasmEngine({ weights: bytes, pooling: "global", entry: missing });
    await expect(attempt).rejects.toThrow(UnavailableError);
  });
});

describe("a plain NAFNet, without kernels", () => {
  const { weights } = reference;
  const config = {
    width: 4,
    keBase: 0,
    encoderBlocks: [1, 1, 1, 2],
    middleBlocks: 1,
    decoderBlocks: [1, 1, 1, 1],
    kernelSize: 0,
    kernelStride: 1,
    trainPatch: 256,
  } as const;
  const names = parameters(restoreGraph(config, "global")).map(({ name }) => name);
  const plain = writeSafetensors(
    new Map([...weights].filter(([name]) => names.includes(name))),
    {},
    "F32",
  );

  it("is restored by both engines, with codes and kernels without channels", async () => {
    const options = { weights: plain, pooling: "global", entry } as const;
    const engines = [
      await openWasmEngine(options),
      await openOnnxEngine({ ...options, threads: 1 }),
    ];
    const image = pixels(32, 16);
    const results = [];
    for (const engine of engines) results.push(await passage(engine, image, 32, 16));
    const [ours, theirs] = results;
    if (!ours || !theirs) throw new Error("two engines, two results");
    expect(ours.shapes.slice(1).map(([, channels]) => channels)).toEqual([0, 0, 0]);
    expect(theirs.shapes.slice(1).map(([, channels]) => channels)).toEqual([0, 0, 0]);
    expect(ours.rms).toBeGreaterThan(0);
    expect(error(flat(ours.residual), flat(theirs.residual))).toBeLessThanOrEqual(tolerance);
    for (const engine of engines) await engine.dispose();
  });
});
